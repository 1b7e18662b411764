// Runs inside a worker: one backend, opened once, on which steps of the reference students are timed when asked.
import { getThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import { type ReferenceStudent, referenceStudents } from '../../src/bench/standardSet.ts';
import { median } from '../../src/core/stats.ts';
import { timePasses } from '../../src/core/timing.ts';
import { crossEntropy } from '../../src/losses/response/crossEntropy.ts';
import type { BackendOptions } from '../../src/runtime/backends/backend.ts';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import { uninstallKernels } from '../../src/runtime/kernels/install.ts';
import * as tf from '../../src/runtime/tf.ts';
import { buildStudent } from '../../src/student/build.ts';
import { makeOptimizer } from '../../src/train/optimizer.ts';
import { trainStep } from '../../src/train/step.ts';
import { openStepper } from '../../src/train/stepper.ts';
import { answerQuestions, type Timed } from './answerQuestions.ts';
import { flopsOfStep } from './flops.ts';
import { profileSteps } from './profile.ts';
import { type SequenceStudent, sequenceStudents } from './sequenceStudents.ts';

export type BenchRequest =
  | {
      readonly ask: 'open';
      readonly options: BackendOptions;
      readonly isStock: boolean;
      /** Of the module that multiplies and adds at the peak of a core. */
      readonly level: 'relaxed' | 'simd';
    }
  /** Builds it, so that this is not timed. */
  | { readonly ask: 'about'; readonly student: string }
  | ({ readonly ask: 'step'; readonly student: string } & Timed)
  | ({ readonly ask: 'product'; readonly factors: string } & Timed)
  | ({ readonly ask: 'peak' } & Timed)
  | { readonly ask: 'profile'; readonly student: string; readonly count: number };

/** So slow that no student comes to rest, where numbers become too small to be normal. */
const LEARNING_RATE = 1e-6;
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
  const sequential = sequenceStudents[name];
  const { make, shape, batch: size, classes, vocabulary } = sequential ?? (referenceStudents[name] as ReferenceStudent);
  const model = await buildStudent(await make().portable(), 1);
  const optimizer = isStock ? tf.train.adam(LEARNING_RATE) : makeOptimizer(tf, { learningRate: LEARNING_RATE });
  const length = shape.reduce((product, side) => product * side, size);
  const data =
    vocabulary === undefined
      ? Float32Array.from({ length }, (_, i) => ((i * 7919) % 255) / 128 - 1)
      : Int32Array.from({ length }, (_, i) => (i * 7919) % vocabulary);
  const batch = {
    inputs: { input: { data, shape: [size, ...shape] } },
    teacher: {},
    ...(sequential
      ? { sequences: sequencesOf(sequential) }
      : { labels: Int32Array.from({ length: size }, (_, i) => i % classes) }),
  };
  const options = { model, loss: sequential?.loss() ?? crossEntropy(), optimizer };
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const stepper = openStepper(options);
  const step = () => void stepper.step(batch, 'benchmark');
  const eagerStep = () => void trainStep(options, variables, batch, 'benchmark');
  const made = { step, eagerStep, flops: flopsOfStep(model, size), why: () => stepper.why, time: stepper.time };
  steppers.set(name, made);
  return made;
}

/** What a student of sequences is to say, as PyTorch learns it beside. */
const sequencesOf = ({ batch, labels, lowest, classes }: SequenceStudent): Int32Array =>
  Int32Array.from({ length: batch * labels }, (_, i) => lowest + ((i * 31) % (classes - lowest)));

interface KernelCalls {
  readonly kernel: string;
  readonly calls: number;
  /** In units of the kernel. */
  readonly work: number;
  readonly ms: number;
}

/** What each kernel takes in one replayed step. */
function averageOf(count: number, time: Stepper['time']): KernelCalls[] {
  const rows = new Map<string, KernelCalls>();
  for (let i = 0; i < count; i++) {
    for (const { kernel, work, ms } of time()) {
      const row = rows.get(kernel) ?? { kernel, calls: 0, work: 0, ms: 0 };
      rows.set(kernel, {
        ...{ kernel, calls: row.calls + 1 / count, work: row.work + work / count, ms: row.ms + ms / count },
      });
    }
  }
  return [...rows.values()].sort((a, b) => b.ms - a.ms);
}

const SIDE = 512;
const ROUNDS = 2_000_000;
/** Floating-point operations of a pass over the peak, and of a product of two 512 × 512 matrices. */
const OPERATIONS = { peak: 192 * ROUNDS, product: 2 * SIDE ** 3 };

let matrices: readonly [tf.Tensor2D, tf.Tensor2D] | undefined;

/** The product of two matrices, of which those that `factors` calls 't' are transposed: 'nn', 'tn', 'nt', 'tt'. */
function productOf([first, second]: string): () => void {
  const side = [SIDE, SIDE] as [number, number];
  matrices ??= [tf.randomUniform(side, -1, 1), tf.randomUniform(side, -1, 1)];
  const [a, b] = matrices;
  return () => tf.matMul(a, b, first === 't', second === 't').dispose();
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
      const peak = await fetch(`/peak-${request.level}.wasm`);
      const { instance } = await WebAssembly.instantiate(await peak.arrayBuffer());
      multiplyAdds = instance.exports['multiplyAdds'] as typeof multiplyAdds;
      return { threads: description.threads, operations: OPERATIONS };
    }
    case 'about':
      return { flops: (await stepperOf(request.student)).flops };
    case 'profile': {
      const { step, eagerStep, time, flops, why } = await stepperOf(request.student);
      const stepMs = median(await timePasses(step, request.count, 8));
      const replayed = { stepMs, calls: averageOf(request.count, time), why: why() };
      return { eager: profileSteps(eagerStep, request.count), replayed, flops };
    }
    default:
      return timePasses(await passOf(request), request.figures, 0, request.together);
  }
}

async function passOf(request: Extract<BenchRequest, Timed>): Promise<() => void> {
  if (request.ask === 'step') return (await stepperOf(request.student)).step;
  return request.ask === 'product' ? productOf(request.factors) : () => void multiplyAdds(ROUNDS, 0.5);
}

answerQuestions(answer);
