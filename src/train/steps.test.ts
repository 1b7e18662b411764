import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { pickRows } from '../core/rows.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import type { TrainBatch } from './batch.ts';
import { trainingOn, weightsOf } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import type { OptimizerOptions } from './optimizerOptions.ts';
import { trainStep } from './step.ts';

/** training.json, which scripts/golden/train.py made with PyTorch: integers k stand for k / 16, weights for k / 256. */
interface Golden {
  readonly temperature: number;
  readonly batch: number;
  readonly classes: number;
  readonly students: Readonly<Record<'mlp' | 'cnn', GoldenStudent>>;
}

interface GoldenStudent {
  readonly inputShape: readonly number[];
  readonly weightShapes: readonly (readonly number[])[];
  readonly inputs: readonly number[];
  readonly teacher: readonly number[];
  readonly start: readonly (readonly number[])[];
  readonly runs: Readonly<Record<string, GoldenRun>>;
}

interface GoldenRun {
  readonly options: OptimizerOptions;
  readonly losses: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

const goldenFile = new URL('../losses/golden/training.json', import.meta.url);
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden;

/**
 * Each of twenty steps rounds weights near 1 and losses near 6 to float32, by 2⁻²⁴ relative. Largest seen on either backend:
 * losses 1.4e-6, weights 3.0e-7.
 */
const TOLERANCE = { loss: 4e-6, weight: 1e-6 };

describe.each(['cpu', 'wasm'] as const)('training on %s', (backendName) => {
  trainingOn(backendName);

  describe.each(['mlp', 'cnn'] as const)('a golden %s', (name) => {
    test.each(['adam', 'momentum'])('follows PyTorch’s losses and weights with %s', (optimizerName) => {
      const student = golden.students[name];
      const run = student.runs[optimizerName] as GoldenRun;
      const model = goldenModel(name, student);
      const optimizer = makeOptimizer(tf, run.options);
      const loss = softTargets({ temperature: golden.temperature });
      const variables = variablesOf(model);
      run.losses.forEach((expected, step) => {
        const got = trainStep({ model, loss, optimizer }, variables, goldenBatch(student, step), `step ${step}`);
        expectClose(got, expected, TOLERANCE.loss, `loss ${step}`);
      });
      weightsOf(model).forEach((values, i) => {
        values.forEach((value, j) => {
          expectClose(value, run.weights[i]?.[j] ?? Number.NaN, TOLERANCE.weight, `weight ${i}, ${j}`);
        });
      });
      optimizer.dispose();
      model.dispose();
    });
  });
});

function goldenModel(name: 'mlp' | 'cnn', { inputShape, weightShapes, start }: GoldenStudent): tf.LayersModel {
  const first =
    name === 'mlp'
      ? [tf.layers.dense({ units: 8, activation: 'relu', inputShape: [...inputShape] })]
      : [
          tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [...inputShape] }),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
        ];
  const model = tf.sequential({ layers: [...first, tf.layers.dense({ units: golden.classes })] });
  tf.tidy(() => {
    model.setWeights(
      start.map((integers, i) =>
        tf.tensor(
          integers.map((k) => k / 256),
          [...(weightShapes[i] ?? [])],
        ),
      ),
    );
  });
  return model;
}

function goldenBatch({ inputs, inputShape, teacher }: GoldenStudent, step: number): TrainBatch {
  const rowsOf = (integers: readonly number[], shape: readonly number[]) => {
    const rows = Int32Array.from({ length: golden.batch }, (_, i) => (step % 4) * golden.batch + i);
    return pickRows({ data: Float32Array.from(integers, (k) => k / 16), shape: [4 * golden.batch, ...shape] }, rows);
  };
  return { inputs: { input: rowsOf(inputs, inputShape) }, teacher: { logits: rowsOf(teacher, [golden.classes]) } };
}

function variablesOf(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  // Written so that a NaN fails.
  if (Math.abs(actual - expected) <= tolerance) return;
  throw new Error(`${what}: ${actual} instead of ${expected} (tolerance ${tolerance})`);
}
