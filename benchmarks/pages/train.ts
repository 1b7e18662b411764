// Runs inside a worker: one backend, opened once, on which steps of the reference students are timed when asked.
import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { type ReferenceStudent, referenceStudents } from '../../src/bench/standardSet.ts';
import { crossEntropy } from '../../src/losses/response/crossEntropy.ts';
import type { BackendOptions } from '../../src/runtime/backends/backend.ts';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import { uninstallKernels } from '../../src/runtime/kernels/install.ts';
import * as tf from '../../src/runtime/tf.ts';
import { buildStudent } from '../../src/student/build.ts';
import { makeOptimizer } from '../../src/train/optimizer.ts';
import { trainStep } from '../../src/train/step.ts';
import { openStepper } from '../../src/train/stepper.ts';
import { flopsOfStep } from './flops.ts';
import { profileSteps } from './profile.ts';
import { type Turn, takeTurn } from './turn.ts';

export type BenchRequest =
  | {
      readonly ask: 'open';
      readonly options: BackendOptions;
      readonly isStock: boolean;
      readonly fmaModule: BufferSource;
    }
  | ({ readonly ask: 'steps'; readonly student: string } & Turn)
  | { readonly ask: 'profile'; readonly student: string; readonly count: number }
  | { readonly ask: 'products'; readonly count: number }
  | { readonly ask: 'peak' };

/** Everything is stock tfjs: its optimizer too. */
let isStock = false;
let multiplyAdds: (rounds: number, x: number) => number;
const steppers = new Map<string, Stepper>();

/** `step` trains on the same batch once more. */
interface Stepper {
  readonly step: () => void;
  /** The same step through tfjs, one kernel at a time. */
  readonly eagerStep: () => void;
  readonly time: ReturnType<typeof openStepper>['time'];
  readonly flops: number;
  /** Why steps are not replayed. */
  readonly why: () => string | undefined;
}

/** A student, its optimizer and its batch, kept for the whole run. */
async function stepperOf(name: string): Promise<Stepper> {
  const known = steppers.get(name);
  if (known !== undefined) return known;
  const { make, shape, batch: size, classes, vocabulary } = referenceStudents[name] as ReferenceStudent;
  const model = await buildStudent(await make().portable(), 1);
  const optimizer = isStock ? tf.train.adam(1e-3) : makeOptimizer(tf, {});
  const length = shape.reduce((product, side) => product * side, size);
  const data =
    vocabulary === undefined
      ? Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1)
      : Int32Array.from({ length }, (_, i) => (i * 7919) % vocabulary);
  const batch = {
    inputs: { input: { data, shape: [size, ...shape] } },
    teacher: {},
    labels: Int32Array.from({ length: size }, (_, i) => i % classes),
  };
  const options = { model, loss: crossEntropy(), optimizer };
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const stepper = openStepper(options);
  const step = () => void stepper.step(batch, 'benchmark');
  const eagerStep = () => void trainStep(options, variables, batch, 'benchmark');
  const made = { step, eagerStep, flops: flopsOfStep(model, size), why: () => stepper.why, time: stepper.time };
  steppers.set(name, made);
  return made;
}

function timesOf(count: number, work: () => void): number[] {
  return Array.from({ length: count }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
}

/** Calls and milliseconds a kernel in one replayed step. */
function averageOf(count: number, time: Stepper['time']): { kernel: string; calls: number; ms: number }[] {
  const rows = new Map<string, { kernel: string; calls: number; ms: number }>();
  for (let i = 0; i < count; i++) {
    for (const { kernel, ms } of time()) {
      const row = rows.get(kernel) ?? { kernel, calls: 0, ms: 0 };
      rows.set(kernel, { kernel, calls: row.calls + 1 / count, ms: row.ms + ms / count });
    }
  }
  return [...rows.values()].sort((a, b) => b.ms - a.ms);
}

const SIDE = 512;
const ROUNDS = 2_000_000;

/** GFLOP/s of repeated products of two 512 × 512 matrices, by which of them is transposed. */
function products(count: number): Record<string, number[]> {
  const [a, b] = [tf.randomUniform([SIDE, SIDE], -1, 1), tf.randomUniform([SIDE, SIDE], -1, 1)];
  const result: Record<string, number[]> = {};
  for (const [name, transposeA, transposeB] of [
    ['nn', false, false],
    ['tn', true, false],
    ['nt', false, true],
    ['tt', true, true],
  ] as const) {
    const product = () => tf.matMul(a, b, transposeA, transposeB).dispose();
    timesOf(3, product);
    result[name] = timesOf(count, product).map((ms) => (2 * SIDE ** 3) / ms / 1e6);
  }
  tf.dispose([a, b]);
  return result;
}

/** tfjs's wasm backend as it comes, in the build that it takes itself: the threaded one where the page is isolated. */
async function openStock({ threads = 1 }: BackendOptions): Promise<{ threads: number }> {
  tf.setWasmPaths('/tfjs/');
  tf.setThreadsCount(threads);
  if (!(await tf.setBackend('wasm'))) throw new Error("tfjs's wasm backend does not start here.");
  return { threads: getThreadsCount() };
}

async function answer(request: BenchRequest): Promise<unknown> {
  switch (request.ask) {
    case 'open': {
      isStock = request.isStock;
      const options = { ...request.options, assetBase: '/' };
      const description =
        isStock && options.backend !== 'cpu' ? await openStock(options) : (await openBackendHere(options)).description;
      if (isStock) uninstallKernels();
      const { instance } = await WebAssembly.instantiate(request.fmaModule);
      multiplyAdds = instance.exports['multiplyAdds'] as typeof multiplyAdds;
      multiplyAdds(ROUNDS, 0.5);
      return description;
    }
    case 'steps': {
      const { step, flops, why } = await stepperOf(request.student);
      return { times: await takeTurn(request, step), flops, why: why() };
    }
    case 'profile': {
      const { step, eagerStep, time, flops, why } = await stepperOf(request.student);
      timesOf(8, step);
      const replayed = { times: timesOf(request.count, step), calls: averageOf(request.count, time), why: why() };
      return { eager: profileSteps(eagerStep, request.count), replayed, flops };
    }
    case 'products':
      return products(request.count);
    case 'peak':
      return timesOf(5, () => multiplyAdds(ROUNDS, 0.5)).map((ms) => (ROUNDS * 192) / ms / 1e6);
  }
}

self.onmessage = async ({ data }: MessageEvent<BenchRequest>) => {
  try {
    self.postMessage({ result: await answer(data) });
  } catch (error) {
    self.postMessage({ error: String(error instanceof Error ? (error.stack ?? error) : error) });
  }
};
