// In a short run every student learns handwritten digits and is as good as its report says.
import { afterEach, describe, expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import { makeArray, type NdArray, sizeOf } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { type Digits, digitImages } from '../data/digitCases.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { studentFromModel } from '../student/layersModel.ts';
import type { Student, StudentDesign } from '../student/student.ts';
import * as zoo from '../student/zoo/all.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import { distill } from './distill.ts';
import { oneTrainer } from './trainerCases.ts';

const CLASSES = 10;
const [LEARNED, HELD] = [digitImages(0, 128), digitImages(500, 30)];
const [EPOCHS, BATCH] = [5, 64];

interface Case {
  readonly make: () => Student;
  /** Its view of a digit [28, 28, 1]. */
  readonly see: (digit: Float32Array) => ArrayLike<number>;
  readonly shape: readonly number[];
  readonly dtype?: 'int32';
  readonly learningRate: number;
  /** Accuracy that it must reach, well below that of seeds 1 to 3; chance is 0.1. */
  readonly least: number;
}

const half = (digit: Float32Array) => pooled(digit, 2);
const small = [14, 14, 1];
const students: Record<string, Case> = {
  mlp: { make: () => mlp({ inputShape: small }), see: half, shape: small, learningRate: 2e-3, least: 0.8 },
  cnn: { make: () => cnn({ inputShape: small }), see: half, shape: small, learningRate: 3e-3, least: 0.8 },
  'ds-cnn': {
    make: () => dsCnn({ inputShape: small, classes: CLASSES }),
    see: half,
    shape: small,
    learningRate: 3e-3,
    least: 0.8,
  },
  resnet8: { make: () => resnet8({ inputShape: small }), see: half, shape: small, learningRate: 3e-3, least: 0.8 },
  'mobilenet-v1': {
    make: () => mobilenetV1({ inputShape: [32, 32, 1], classes: CLASSES }),
    see: framed,
    shape: [32, 32, 1],
    learningRate: 1e-2,
    least: 0.3,
  },
  'transformer-tiny': {
    make: () => transformerTiny({ length: 49, vocabulary: 16, width: 32, heads: 2, hidden: 64 }),
    see: (digit) => Int32Array.from(pooled(digit, 4), (shade) => Math.min(15, Math.floor(16 * shade))),
    shape: [49],
    dtype: 'int32',
    learningRate: 3e-3,
    least: 0.4,
  },
  'a LayersModel of tfjs’s own defaults': {
    make: () => {
      own = separable();
      return studentFromModel(own);
    },
    see: half,
    shape: small,
    learningRate: 3e-3,
    least: 0.8,
  },
};

let own: tf.LayersModel | undefined;
const trainer = oneTrainer({ worker: 'none', backend: 'wasm', assetBase: builtAssets() });
afterEach(() => {
  own?.dispose();
  own = undefined;
});

/** Students that tell no digit from another: a reader of lines, an order of candidates, a picture, places in it, a text. Tests of their own have them. */
const OTHERS = ['crnn', 'two-tower', 'autoencoder', 'keypoints', 'decoder', 'recurrent-decoder'];

test('every design of the zoo that classifies is tested here', () => {
  const designs = (Object.values(zoo) as StudentDesign[]).map(({ design }) => design);
  expect(designs.filter((design) => students[design] === undefined && !OTHERS.includes(design))).toEqual([]);
});

/** The short run leaves out those that train longest; each has tests of its steps. */
const LONG = ['resnet8', 'mobilenet-v1', 'transformer-tiny'];
const taken = Object.entries(students).filter(([design]) => isLong || !LONG.includes(design));

describe.each(taken)('%s', (_, { make, learningRate, least, ...view }) => {
  test('reads digits after a hundred steps', async () => {
    const [data, holdout] = [LEARNED, HELD].map((digits) => fromArrays(seen(digits, view), digits.labels));
    const { student, report } = await distill({
      student: make(),
      data: data as NonNullable<typeof data>,
      holdout: holdout as NonNullable<typeof holdout>,
      loss: crossEntropy(),
      epochs: EPOCHS,
      batchSize: BATCH,
      optimizer: { learningRate },
      seed: 1,
      trainer: trainer(),
    }).done;
    expect(report.holdout['accuracy']).toBeGreaterThan(least);
    const again = await trainer().predict(student, { input: seen(HELD, view) });
    expect(report.holdout['accuracy']).toBeCloseTo(accuracyOf(again['logits'] as NdArray), 6);
  });
});

/** A convolution and two separable ones, with tfjs's default batch normalization. */
function separable(): tf.LayersModel {
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const block = (seed: number) => [
    tf.layers.separableConv2d({
      filters: 32,
      kernelSize: 3,
      strides: 2,
      depthwiseInitializer: init(seed),
      pointwiseInitializer: init(seed + 1),
    }),
    tf.layers.batchNormalization(),
    tf.layers.reLU(),
  ];
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 16, kernelSize: 3, inputShape: small, kernelInitializer: init(1) }),
      tf.layers.batchNormalization(),
      tf.layers.reLU(),
      ...block(2),
      ...block(4),
      tf.layers.flatten(),
      tf.layers.dense({ units: CLASSES, kernelInitializer: init(6) }),
    ],
  });
}

function seen(
  { images: { data, shape } }: Digits,
  { see, shape: own, dtype }: Omit<Case, 'make' | 'learningRate' | 'least'>,
) {
  const count = shape[0] as number;
  const pixels = data.length / count;
  const views = makeArray(dtype ?? 'float32', count * sizeOf(own));
  for (let i = 0; i < count; i++) {
    views.set(see((data as Float32Array).subarray(i * pixels, (i + 1) * pixels)), i * sizeOf(own));
  }
  return { data: views, shape: [count, ...own] };
}

/** The means of squares of `side` pixels. */
function pooled(digit: Float32Array, side: number): Float32Array {
  const width = 28 / side;
  const means = new Float32Array(width * width);
  for (let i = 0; i < 28 * 28; i++) {
    const at = Math.floor(Math.floor(i / 28) / side) * width + Math.floor((i % 28) / side);
    means[at] = (means[at] as number) + (digit[i] as number) / side ** 2;
  }
  return means;
}

/** [32, 32], with two dark pixels at each edge. */
function framed(digit: Float32Array): Float32Array {
  const wide = new Float32Array(32 * 32);
  for (let row = 0; row < 28; row++) wide.set(digit.subarray(28 * row, 28 * (row + 1)), 32 * (row + 2) + 2);
  return wide;
}

function accuracyOf({ data }: NdArray): number {
  const right = HELD.labels.filter((label, i) => {
    const row = data.subarray(CLASSES * i, CLASSES * (i + 1));
    return row.indexOf(Math.max(...row)) === label;
  });
  return right.length / HELD.labels.length;
}
