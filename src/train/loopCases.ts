// Small students and a loop that trains them. Only tests import this file.
import { afterAll, beforeAll } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { pickRows } from '../core/rows.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import type { OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import type { LoopOptions } from './loop.ts';
import { makeOptimizer } from './optimizer.ts';

const FEATURES = 6;
const CLASSES = 3;
export const SIZE = 50;

export const makers: Record<string, () => tf.LayersModel> = {
  mlp: () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [FEATURES], kernelInitializer: seeded(1) }),
        tf.layers.dense({ units: CLASSES, kernelInitializer: seeded(2) }),
      ],
    }),
  'batch norm': () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, inputShape: [FEATURES], kernelInitializer: seeded(1) }),
        tf.layers.batchNormalization(),
        tf.layers.activation({ activation: 'relu' }),
        tf.layers.dense({ units: CLASSES, kernelInitializer: seeded(2) }),
      ],
    }),
};

/** A backend for the tests of a `describe`, each of which must leave as many tensors as it found. */
export function trainingOn(backendName: 'cpu' | 'wasm') {
  let backend: OpenBackend | undefined;
  beforeAll(async () => {
    backend = await openBackendHere(backendOptions(backendName));
  });
  expectNoTensorsLeft();
  afterAll(() => backend?.dispose());
  return { heapBytes: () => backend?.heapBytes() };
}

function seeded(seed: number) {
  return tf.initializers.glorotUniform({ seed });
}

/** Random examples, a teacher that is a random linear map of them, and everything that a loop needs. */
export function setUp(model: tf.LayersModel, changed: Partial<LoopOptions>) {
  const random = seededRandom(11);
  const values = (count: number) => Float32Array.from({ length: count }, () => 4 * random() - 2);
  const inputs = { data: values(SIZE * FEATURES), shape: [SIZE, FEATURES] };
  const map = values(FEATURES * CLASSES);
  const teacher = { data: new Float32Array(SIZE * CLASSES), shape: [SIZE, CLASSES] };
  for (let i = 0; i < SIZE * CLASSES; i++) {
    for (let f = 0; f < FEATURES; f++) {
      const x = inputs.data[Math.floor(i / CLASSES) * FEATURES + f] as number;
      teacher.data[i] = (teacher.data[i] as number) + x * (map[f * CLASSES + (i % CLASSES)] as number);
    }
  }
  const optimizer = makeOptimizer(tf, { learningRate: 0.01 });
  const options: LoopOptions = {
    model,
    loss: softTargets(),
    optimizer,
    size: SIZE,
    read: async (indices) => ({
      inputs: { input: pickRows(inputs, indices) },
      teacher: { logits: pickRows(teacher, indices) },
    }),
    epochs: 3,
    batchSize: 8,
    seed: 1,
    ...changed,
  };
  const free = () => {
    optimizer.dispose();
    model.dispose();
  };
  return { options, model, free };
}

/** All weights, including untrained ones. */
export function weightsOf(model: tf.LayersModel): number[][] {
  return model.getWeights().map((weight) => Array.from(weight.dataSync()));
}
