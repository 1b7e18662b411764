import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import type { NdArray } from '../core/shape.ts';
import { perToken } from '../losses/combination/perToken.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { ctc } from '../losses/response/ctc.ts';
import { toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, buildStudent } from '../student/build.ts';
import type { Student } from '../student/student.ts';
import { crnn } from '../student/zoo/crnn.ts';
import { decoder } from '../student/zoo/decoder.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { recurrentDecoder } from '../student/zoo/recurrentDecoder.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import type { TrainBatch } from './batch.ts';
import { trainingOn } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import type { OptimizerOptions } from './optimizerOptions.ts';
import { trainStep } from './step.ts';
import { openStepper } from './stepper.ts';

/** golden/<student>.json, which scripts/golden/students.py made with PyTorch in float64; see that file. */
interface Golden {
  readonly options: object;
  readonly example: {
    readonly shape: readonly number[];
    readonly vocabulary: number | null;
    readonly sequence?: number;
    /** Whether the sequence is the next token at each position. */
    readonly language?: boolean;
  };
  readonly batch: number;
  readonly optimizer: OptimizerOptions;
  readonly logits: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly losses: readonly number[];
  readonly weights: readonly GoldenWeight[];
}

interface GoldenWeight {
  readonly shape: readonly number[];
  readonly limit: number;
  readonly offset: number;
  readonly sums: readonly [number, number];
  readonly values: readonly number[];
}

interface Case {
  readonly make: (options: object) => Student;
  readonly tolerance: Tolerance;
}

/**
 * About four times the largest difference seen on either backend, which is also the error of PyTorch's own float32
 * (students.py prints it). A step of Adam is a thousand times longer, or a hundred for mobilenetV1. `sum` is relative.
 */
interface Tolerance {
  readonly logits: number;
  readonly loss: number;
  readonly weight: number;
  /** Of moving averages, if they are less exact than the weights. */
  readonly average?: number;
  readonly sum: number;
}

const CLASSES = 3;
const UNIT = 4096;
const [INPUTS, LABELS] = [1000, 2000];
const students: Record<string, Case> = {
  dsCnn: { make: dsCnn, tolerance: { logits: 4e-7, loss: 4e-7, weight: 1e-6, sum: 3e-7 } },
  resnet8: { make: resnet8, tolerance: { logits: 4e-6, loss: 1e-6, weight: 1e-6, sum: 1e-7 } },
  mobilenetV1: { make: mobilenetV1, tolerance: { logits: 9e-6, loss: 8e-5, weight: 8e-6, average: 6e-5, sum: 4e-6 } },
  crnn: { make: crnn, tolerance: { logits: 4e-6, loss: 4e-6, weight: 4e-6, sum: 4e-6 } },
  decoder: { make: decoder, tolerance: { logits: 8e-6, loss: 4e-6, weight: 4e-6, sum: 5e-6 } },
  gruDecoder: { make: recurrentDecoder, tolerance: { logits: 4e-6, loss: 4e-6, weight: 4e-6, sum: 4e-6 } },
  lstmDecoder: { make: recurrentDecoder, tolerance: { logits: 4e-6, loss: 4e-6, weight: 4e-6, sum: 4e-6 } },
  transformerTiny: { make: transformerTiny, tolerance: { logits: 8e-6, loss: 4e-6, weight: 4e-6, sum: 5e-6 } },
};

/** Slow on cpu, and made of the same layers as dsCnn. */
const LONG_ON_CPU = ['resnet8', 'mobilenetV1'];

describe.each(['cpu', 'wasm'] as const)('on %s', (backendName) => {
  trainingOn(backendName);
  const tried = Object.entries(students).filter(
    ([name]) => isLong || backendName === 'wasm' || !LONG_ON_CPU.includes(name),
  );

  const ways = backendName === 'wasm' ? (['trainStep', 'openStepper'] as const) : (['trainStep'] as const);
  describe.each(tried)('%s', (name, { make, tolerance }) => {
    test.each(ways)('follows PyTorch’s logits, losses and weights through %s', async (way) => {
      const golden = readGolden(name);
      const model = await goldenModel(make(golden.options), golden);
      const optimizer = makeOptimizer(tf, golden.optimizer);
      const options = { model, optimizer, loss: lossOf(golden) };
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const stepper = openStepper(options);
      const take = (batch: TrainBatch) =>
        way === 'trainStep' ? trainStep(options, variables, batch, '') : stepper.step(batch, '');

      expectClose(logitsOf(model, golden), golden.logits.before, tolerance.logits, 'logits before');
      const losses = golden.losses.map((_, step) => take(goldenBatch(golden, step)));
      expectClose(losses, golden.losses, tolerance.loss, 'losses');
      expectClose(logitsOf(model, golden), golden.logits.after, tolerance.logits, 'logits after');
      expectWeights(model, golden, tolerance);
      if (way === 'openStepper') expect(stepper.time().length, stepper.why).toBeGreaterThan(0);

      stepper[Symbol.dispose]();
      optimizer.dispose();
      model.dispose();
    });
  });
});

function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8')) as Golden;
}

function lossOf({ example: { sequence, language } }: Golden): Loss {
  if (language) return perToken(crossEntropy());
  return sequence === undefined ? crossEntropy() : ctc();
}

/** The integer hash of (stream, index), scaled to −limit … limit. */
function drawn(stream: number, count: number, limit: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    h ^= h >>> 15;
    return Math.floor(((h >>> 0) * (2 * limit + 1)) / 2 ** 32) - limit;
  });
}

async function goldenModel(student: Student, { weights }: Golden): Promise<tf.LayersModel> {
  const model = await buildStudent(await student.portable(), 0);
  expect(model.getWeights().map(({ shape }) => shape)).toEqual(weights.map(({ shape }) => shape));
  tf.tidy(() => {
    model.setWeights(
      weights.map(({ shape, limit, offset }, i) => {
        const size = shape.reduce((product, length) => product * length, 1);
        return tf.tensor(
          drawn(i, size, limit).map((k) => k / UNIT + offset),
          [...shape],
        );
      }),
    );
  });
  return model;
}

function goldenInput({ example: { shape, vocabulary }, batch }: Golden, step: number): NdArray {
  const size = shape.reduce((product, length) => product * length, batch);
  const data =
    vocabulary === null
      ? Float32Array.from(drawn(INPUTS + step, size, UNIT), (k) => k / UNIT)
      : Int32Array.from(drawn(INPUTS + step, size, 100_000), (k) => modulo(k, vocabulary));
  return { data, shape: [batch, ...shape] };
}

function goldenBatch(golden: Golden, step: number): TrainBatch {
  const { sequence, language, vocabulary } = golden.example;
  if (sequence !== undefined) {
    const classOf = (k: number) => (language ? modulo(k, vocabulary ?? 1) : modulo(k, CLASSES - 1) + 1);
    const classes = drawn(LABELS + step, golden.batch * sequence, 100_000).map(classOf);
    const sequences = Int32Array.from(classes, (one, i) => {
      const isLeft = Math.floor(i / sequence) % 3 === 2 && i % sequence > 0;
      return isLeft ? -1 : one;
    });
    return { inputs: { input: goldenInput(golden, step) }, teacher: {}, sequences };
  }
  const labels = Int32Array.from(drawn(LABELS + step, golden.batch, 100_000), (k) => modulo(k, CLASSES));
  return { inputs: { input: goldenInput(golden, step) }, teacher: {}, labels };
}

/** Never negative, as in Python. */
function modulo(k: number, n: number): number {
  return ((k % n) + n) % n;
}

function logitsOf(model: tf.LayersModel, golden: Golden): number[] {
  let values: number[] = [];
  tf.tidy(() => {
    const { logits } = applyStudent(model, [toTensor(goldenInput(golden, 0))], 'inference');
    values = Array.from(logits?.dataSync() ?? []);
  });
  return values;
}

function expectWeights(model: tf.LayersModel, { weights }: Golden, tolerance: Tolerance): void {
  model.getWeights().forEach((tensor, i) => {
    const { shape, values, sums } = weights[i] as GoldenWeight;
    const all = Array.from(tensor.dataSync());
    const picked = values.map((_, j) => all[all.length < 8 ? j : Math.floor((j * all.length) / 8)] as number);
    const isLearned = i < model.trainableWeights.length;
    const near = isLearned ? tolerance.weight : (tolerance.average ?? tolerance.weight);
    expectClose(picked, values, near, `weight ${i} [${shape}]`);
    const sum = all.reduce((total, value) => total + value, 0);
    const size = all.reduce((total, value) => total + Math.abs(value), 0);
    expectClose([sum, size], sums, tolerance.sum * (1 + sums[1]), `sums of weight ${i} [${shape}]`);
  });
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const worst = Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] as number))));
  // Written so that a NaN fails.
  if (worst <= tolerance) return;
  throw new Error(
    `${what}: ${worst} away from ${expected.slice(0, 4)} (tolerance ${tolerance}); got ${actual.slice(0, 4)}`,
  );
}
