import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import * as tf from '../runtime/tf.ts';
import type { TrainBatch } from './batch.ts';
import { trainingOn, weightsOf } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import { trainStep, variablesOf } from './step.ts';
import { openStepper } from './stepper.ts';

/** golden/stepLayers.json, which scripts/golden/stepLayers.py made with PyTorch in float64: integers k stand for k / unit. */
interface Golden {
  readonly unit: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly dropout: { readonly rate: number; readonly seed: number };
  readonly cases: Readonly<Record<string, GoldenCase>>;
}

interface GoldenCase {
  readonly shape: readonly number[];
  readonly start: readonly { readonly shape: readonly number[]; readonly k: readonly number[] }[];
  readonly inputs: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly losses: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

const golden = JSON.parse(readFileSync(new URL('golden/stepLayers.json', import.meta.url), 'utf8')) as Golden;
const { layers } = tf;
const activated = (activation: string) => [layers.dense({ units: 9, activation: activation as 'relu' })];
const upsampled = (interpolation: string) => [
  layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }),
  layers.upSampling2d({ interpolation: interpolation as 'nearest' }),
  layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu' }),
  layers.flatten(),
];

const students: Readonly<Record<string, () => tf.layers.Layer[]>> = {
  softplus: () => activated('softplus'),
  selu: () => activated('selu'),
  softsign: () => activated('softsign'),
  'upsampling, nearest': () => upsampled('nearest'),
  'upsampling, bilinear': () => upsampled('bilinear'),
  'global maximum': () => [
    layers.conv2d({ filters: 5, kernelSize: 3, padding: 'same' }),
    layers.globalMaxPooling2d({} as never),
  ],
  repeated: () => [layers.dense({ units: 4, activation: 'tanh' }), layers.repeatVector({ n: 5 }), layers.flatten()],
  dropout: () => [...activated('relu'), layers.dropout(golden.dropout)],
  'spatial dropout': () => [
    layers.conv1d({ filters: 6, kernelSize: 1 }),
    layers.spatialDropout1d(golden.dropout),
    layers.flatten(),
  ],
};

/** Six roundings of weights and losses near 1, and what the sums before them add. Largest seen: 9.2e-8 and 5.7e-8. */
const TOLERANCE = { loss: 4e-7, weight: 2.5e-7 };

describe('steps of single layers as PyTorch takes them', () => {
  trainingOn('wasm');

  test.each(Object.keys(students))('%s: through tfjs, and recorded', (name) => {
    const one = golden.cases[name] as GoldenCase;
    for (const isRecorded of [false, true]) {
      const layer = students[name]?.() ?? [];
      const model = tf.sequential();
      model.add(layers.inputLayer({ inputShape: [...one.shape] }));
      for (const added of [...layer, layers.dense({ units: 3 })]) model.add(added);
      const start = one.start.map(({ shape, k }) => tf.tensor(scaled(k), [...shape]));
      model.setWeights(start);
      tf.dispose(start);
      const optimizer = makeOptimizer(tf, { name: 'sgd', learningRate: golden.learningRate });
      const options = { model, optimizer, loss: crossEntropy() };
      const stepper = openStepper(options);
      const variables = variablesOf(options);
      one.losses.forEach((expected, i) => {
        const batch = batchOf(one, i);
        const loss = isRecorded ? stepper.step(batch, '') : trainStep(options, variables, batch, '');
        expect(Math.abs(loss - expected), `loss ${i}`).toBeLessThanOrEqual(TOLERANCE.loss);
      });
      weightsOf(model).forEach((values, i) => {
        const worst = values.reduce(
          (most, value, j) => Math.max(most, Math.abs(value - (one.weights[i]?.[j] ?? Number.NaN))),
          0,
        );
        expect(worst, `weight ${i}`).toBeLessThanOrEqual(TOLERANCE.weight);
      });
      expect(stepper.why).toBeUndefined();
      expect(stepper.time().length > 0).toBe(isRecorded);
      stepper[Symbol.dispose]();
      optimizer.dispose();
      model.dispose();
    }
  });
});

function scaled(integers: readonly number[]): Float32Array {
  return Float32Array.from(integers, (k) => k / golden.unit);
}

function batchOf({ shape, inputs, labels }: GoldenCase, step: number): TrainBatch {
  return {
    inputs: { input: { data: scaled(inputs[step] ?? []), shape: [golden.batch, ...shape] } },
    teacher: {},
    labels: Int32Array.from(labels[step] ?? []),
  };
}
