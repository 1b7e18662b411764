import { beforeAll, describe, expect, test } from 'vitest';
import { toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, buildStudent } from '../student/build.ts';
import { artifactsFromFiles, toFiles } from '../student/files/files.ts';
import { registerActivations } from '../student/layers/activations.ts';
import { softArgmax } from '../student/layers/softArgmax.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { trainingOn, weightsOf } from './loopCases.ts';
import { makeOptimizer } from './optimizer.ts';
import { trainStep } from './step.ts';
import { openStepper } from './stepper.ts';
import { batchOf, CLASSES, loss } from './stepperCases.ts';

/** A student of tfjs's own layers: the shape of an example, and the layers before the logits. */
interface Case {
  readonly shape: readonly number[];
  readonly layers: () => readonly unknown[];
}

const STEPS = 6;
const BATCH = 4;
const { layers } = tf;
const activated = (activation: string): Case => ({
  shape: [12],
  layers: () => [layers.dense({ units: 9, activation: activation as 'relu' })],
});
const sequence = (make: Case['layers']): Case => ({ shape: [6, 4], layers: make });
const lstm = (returnSequences = false) => layers.lstm({ units: 5, returnSequences });
const gru = (returnSequences = false) => layers.gru({ units: 5, returnSequences } as never);

const students: Record<string, Case> = {
  'dense, hardSwish': activated('hardSwish'),
  'dense, gelu': activated('gelu'),
  'dense, gelu_new': activated('gelu_new'),
  'dense, swish': activated('swish'),
  'dense, mish': activated('mish'),
  lstm: sequence(() => [lstm()]),
  'lstm, all outputs': sequence(() => [lstm(true), layers.flatten()]),
  gru: sequence(() => [gru()]),
  'gru, all outputs': sequence(() => [gru(true), layers.flatten()]),
  'simple recurrent': sequence(() => [layers.simpleRNN({ units: 5 })]),
  'bidirectional lstm': sequence(() => [layers.bidirectional({ layer: lstm() as never, mergeMode: 'concat' })]),
  'bidirectional gru, all outputs': sequence(() => [
    layers.bidirectional({ layer: gru(true) as never, mergeMode: 'ave' }),
    layers.globalAveragePooling1d(),
  ]),
  'dense in time': sequence(() => [
    layers.timeDistributed({ layer: layers.dense({ units: 5, activation: 'tanh' }) as never }),
    layers.flatten(),
  ]),
  'maps, soft-argmax': {
    shape: [6, 5, 2],
    layers: () => [layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), softArgmax(tf), layers.flatten()],
  },
  'conv1d, global maximum': {
    shape: [9, 4],
    layers: () => [
      layers.conv1d({ filters: 5, kernelSize: 3, activation: 'relu' }),
      layers.globalMaxPooling1d({} as never),
    ],
  },
  'conv1d, pools': {
    shape: [9, 4],
    layers: () => [
      layers.conv1d({ filters: 5, kernelSize: 3, padding: 'same', strides: 2 }),
      layers.maxPooling1d({ poolSize: 2 }),
      layers.averagePooling1d({ poolSize: 2 }),
      layers.flatten(),
    ],
  },
  'convolutions normalized, up to 6': {
    shape: [6, 6, 2],
    layers: () => [
      layers.conv2d({ filters: 3, kernelSize: 3, useBias: false }),
      layers.batchNormalization({}),
      layers.reLU({ maxValue: 6 }),
      layers.conv2d({ filters: 4, kernelSize: 2 }),
      layers.reLU({ maxValue: 6 }),
      layers.batchNormalization({}),
      layers.activation({ activation: 'relu' }),
      layers.flatten(),
    ],
  },
  'transposed convolution': {
    shape: [4, 4, 2],
    layers: () => [
      layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, activation: 'elu' }),
      layers.permute({ dims: [2, 1, 3] }),
      layers.globalAveragePooling2d({}),
    ],
  },
  'separable convolution': {
    shape: [6, 6, 2],
    layers: () => [
      layers.separableConv2d({ filters: 3, kernelSize: 3, activation: 'relu' }),
      layers.zeroPadding2d({}),
      layers.flatten(),
    ],
  },
};

/**
 * Six steps of sums of at most fifty products near 1, in a different order on each backend. Largest seen: 2.4e-7 for losses near
 * 1 (4e-7 for one of 3) and 6e-8 for weights.
 */
const TOLERANCE = { loss: 1.6e-6, weight: 4e-7 };

describe('students of tfjs’s own layers', () => {
  trainingOn('wasm');
  beforeAll(registerActivations);

  test.each(Object.entries(students))('%s: saved, loaded, replayed on wasm as on the cpu', async (_, one) => {
    const start = await startOf(one);
    const eager = await trained('cpu', start, one);
    const replayed = await trained('wasm', start, one);
    expectClose(replayed.losses, eager.losses, TOLERANCE.loss);
    expectClose(replayed.weights, eager.weights, TOLERANCE.weight);
    expect(replayed).toMatchObject({ why: undefined, isReplayed: true });
  });
});

/** Built and saved on wasm, where weights such as orthogonal ones are made too. */
async function startOf(one: Case): Promise<StudentArtifacts> {
  const model = tf.sequential();
  model.add(layers.inputLayer({ inputShape: [...one.shape] }));
  for (const layer of [...one.layers(), layers.dense({ units: CLASSES })]) model.add(layer as tf.layers.Layer);
  const artifacts = artifactsFromFiles(toFiles(await artifactsOf(model)));
  await expectSame(model, artifacts, one);
  model.dispose();
  return artifacts;
}

async function expectSame(model: tf.LayersModel, artifacts: StudentArtifacts, { shape }: Case): Promise<void> {
  const again = await buildStudent({ kind: 'artifacts', artifacts }, 99);
  tf.tidy(() => {
    const x = toTensor(Object.values(batchOf({ shape }, BATCH, 50).inputs)[0] as never);
    const [a, b] = [model, again].map((student) => applyStudent(student, [x], 'inference')['logits']?.dataSync());
    expect(a?.length).toBe(BATCH * CLASSES);
    expect(b).toEqual(a);
  });
  again.dispose();
}

async function trained(backend: 'cpu' | 'wasm', start: StudentArtifacts, one: Case) {
  await tf.setBackend(backend);
  const model = await buildStudent({ kind: 'artifacts', artifacts: start }, 0);
  // Not Adam, which would turn gradients of mere rounding into whole steps.
  const optimizer = makeOptimizer(tf, { name: 'momentum', learningRate: 0.01 });
  const options = { model, optimizer, loss };
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const stepper = openStepper(options);
  const losses = Array.from({ length: STEPS }, (_, i) => {
    const batch = batchOf(one, BATCH, i);
    return backend === 'cpu' ? trainStep(options, variables, batch, '') : stepper.step(batch, '');
  });
  const { why } = stepper;
  const isReplayed = stepper.time().length > 0;
  const weights = weightsOf(model).flat();
  await expectSame(model, artifactsFromFiles(toFiles(await artifactsOf(model))), one);
  stepper[Symbol.dispose]();
  optimizer.dispose();
  model.dispose();
  await tf.setBackend('wasm');
  return { losses, weights, why, isReplayed };
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] as number))));
  expect(worst).toBeLessThanOrEqual(tolerance);
}
