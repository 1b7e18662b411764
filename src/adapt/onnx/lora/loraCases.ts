// Examples for models of PyTorch, and how they are learned from. Only tests import this file.
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import { argMax } from '../../../core/stats.ts';
import { fromArrays } from '../../../data/arrays.ts';
import type { LabelledDataset } from '../../../data/dataset.ts';
import { runModel } from '../../../onnx/ortCases.ts';
import { builtAssets, ortAssets } from '../../../runtime/cases/assetCases.ts';
import * as tf from '../../../runtime/tf.ts';
import { openTrainer, type Trainer } from '../../../train/trainer.ts';
import { type LoraOptions, lora } from '../../methods/lora.ts';
import { personalizeOnnx } from '../personalizeOnnx.ts';
import type { PersonalizeOnnxOptions } from '../personalizeOnnxOptions.ts';

/** Made by scripts/golden/fromOnnx.py. */
const folder = new URL('../../../student/golden/fromOnnx/', import.meta.url);
export const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));

/** Examples of a task that the models were never made for: noise around one pattern a class. */
export interface Task {
  readonly data: LabelledDataset;
  readonly labels: Int32Array;
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

export function taskOf(row: readonly number[], classes: number, count: number, seed: number): Task {
  const random = seededRandom(seed);
  const length = row.reduce((a, b) => a * b, 1);
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const values = new Float32Array(count * length);
  for (const [i, label] of labels.entries()) {
    for (let k = 0; k < length; k++) {
      values[i * length + k] = 0.7 * Math.sin((label + 1) * 2.3 * k + label) + 0.6 * (random() - 0.5);
    }
  }
  const shape = [count, ...row];
  return { data: fromArrays({ data: values, shape }, labels), labels, values, shape };
}

export const mine = taskOf([2, 11, 7], 5, 40, 1);

/** Models that were never trained learn slowly. */
export const quick = (options: LoraOptions = {}) =>
  lora({ optimizer: { name: 'adam', learningRate: 0.01 }, ...options });

/** A trainer for a test file, which must leave no tensor behind. */
export function loraCases() {
  let trainer: Trainer;
  let tensors = 0;
  beforeAll(async () => {
    trainer = await openTrainer({ worker: 'none', backend: 'wasm', simdLevel: 'simd', assetBase: builtAssets() });
    tensors = tf.memory().numTensors;
  });
  afterEach(() => expect(tf.memory().numTensors).toBe(tensors));
  afterAll(() => trainer[Symbol.asyncDispose]());
  const session = { worker: 'none', assetBase: ortAssets(), threads: 1, batchSize: 16, device: 'wasm' } as const;
  const working = (changed: Partial<PersonalizeOnnxOptions> = {}): PersonalizeOnnxOptions => ({
    ...{ data: mine.data, trainer, method: quick(), ...session },
    ...changed,
  });
  const run = (changed: Partial<PersonalizeOnnxOptions> = {}, name = 'cnn') =>
    personalizeOnnx(bytesOf(name), working(changed));
  return { working, run };
}

/** The logits of a task in onnxruntime itself. */
export async function logitsIn(file: Uint8Array, { values, shape }: Task): Promise<Float32Array> {
  const { y } = await runModel(file, { x: [values, shape] });
  return y?.data as Float32Array;
}

export async function accuracyIn(file: Uint8Array, task: Task): Promise<number> {
  const logits = await logitsIn(file, task);
  const classes = logits.length / task.labels.length;
  return task.labels.filter((label, i) => argMax(logits, i * classes, classes) === label).length / task.labels.length;
}
