import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { exampleWeighted } from '../losses/combination/exampleWeighted.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { specOf } from '../losses/spec.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf, studentFromModel } from '../student/layersModel.ts';
import type { PortableStudent } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import type { TrainBatch } from './batch.ts';
import { createEngine, type TrainJob } from './engine.ts';

const FEATURES = 4;
const CLASSES = 3;
const BATCH = 2;

const engine = createEngine({ broken: () => broken });
beforeAll(() => engine.open(backendOptions('cpu')).then(() => undefined));
expectNoTensorsLeft();
afterAll(() => engine.close());

const student = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [5] });
const good: TrainBatch = {
  inputs: { input: filled(BATCH, FEATURES) },
  teacher: { logits: filled(BATCH, CLASSES) },
  labels: Int32Array.of(0, 2),
};
const both = weighted([
  { loss: softTargets(), weight: 0.9 },
  { loss: crossEntropy(), weight: 0.1 },
]);

/** A loss that this thread knows, but tfjs cannot compute. */
const broken: Loss = {
  ...softTargets(),
  name: 'broken',
  compute: (at, { student: { logits } }) => at.matMul(logits as tf.Tensor2D, logits as tf.Tensor2D) as never,
};

async function check(loss: Loss, batch: TrainBatch, portable?: PortableStudent) {
  const job: TrainJob = {
    student: portable ?? (await student.portable()),
    // As it arrives in a worker.
    loss: structuredClone(specOf(loss)),
    size: BATCH,
    epochs: 1,
    batchSize: BATCH,
    optimizer: {},
    seed: 1,
    holdoutSize: 0,
  };
  return engine.check(job, batch);
}

async function portableOf(model: tf.LayersModel): Promise<PortableStudent> {
  const artifacts = await artifactsOf(model);
  model.dispose();
  return { kind: 'artifacts', artifacts };
}

describe('the check before the first step', () => {
  test('describes a valid student', async () => {
    expect(await check(both, good)).toEqual({
      inputs: { input: [FEATURES] },
      outputs: { logits: [CLASSES] },
      parameters: 4 * 5 + 5 + 5 * 3 + 3,
      trainableParameters: 4 * 5 + 5 + 5 * 3 + 3,
    });
  });

  test.each<[string, string, Loss, Partial<TrainBatch>]>([
    ['other classes', 'class-mismatch', softTargets(), { teacher: { logits: filled(BATCH, CLASSES + 1) } }],
    ['an answer per time step', 'shape-mismatch', softTargets(), { teacher: { logits: filled(BATCH, 7, CLASSES) } }],
    ['one answer for all', 'shape-mismatch', softTargets(), { teacher: { logits: filled(1, CLASSES) } }],
    ['no answer of that name', 'unknown-output', softTargets(), { teacher: { probs: filled(BATCH, CLASSES) } }],
    ['no teacher', 'unknown-output', softTargets(), { teacher: {} }],
    ['a missing output of the student', 'unknown-output', softTargets({ output: 'digits' }), {}],
    ['no labels', 'labels-missing', both, { labels: undefined }],
    ['missing example weights', 'invalid-option', exampleWeighted(softTargets(), { kind: 'given' }), {}],
    ['a label beyond the classes', 'class-mismatch', both, { labels: Int32Array.of(0, CLASSES) }],
    ['a negative label', 'class-mismatch', crossEntropy(), { labels: Int32Array.of(-2, 0) }],
    ['inputs with another name', 'unknown-input', both, { inputs: { a: filled(BATCH, 4), b: filled(BATCH, 4) } }],
    ['no input', 'unknown-input', both, { inputs: {} }],
    ['inputs of the wrong length', 'shape-mismatch', both, { inputs: { input: filled(BATCH, FEATURES + 1) } }],
    ['inputs of the wrong rank', 'shape-mismatch', both, { inputs: { input: filled(BATCH, 2, 2) } }],
    ['an input of NaN', 'not-finite', both, { inputs: { input: spoilt(filled(BATCH, FEATURES), Number.NaN) } }],
    ['an infinite answer', 'not-finite', both, { teacher: { logits: spoilt(filled(BATCH, CLASSES), Infinity) } }],
  ])('refuses %s as %s', async (_, code, loss, changed) => {
    await expect(check(loss, { ...good, ...changed })).rejects.toMatchObject({ name: 'LimbeckError', code });
  });

  test('needs no labels and no teacher if the loss reads none', async () => {
    await expect(check(softTargets(), { ...good, labels: undefined })).resolves.toBeDefined();
    await expect(check(crossEntropy(), { ...good, teacher: {} })).resolves.toBeDefined();
  });

  test('refuses a student with every layer frozen', async () => {
    const frozen = tf.sequential({
      layers: [
        tf.layers.dense({ units: 5, inputShape: [FEATURES], trainable: false }),
        tf.layers.dense({ units: CLASSES, trainable: false }),
      ],
    });
    await expect(check(both, good, await portableOf(frozen))).rejects.toMatchObject({
      code: 'student-not-trainable',
      message: expect.stringMatching(/no trainable weight \(43 parameters, all frozen\).*layer.trainable = true/),
    });
  });

  test('reports what tfjs could not do', async () => {
    const error = await check(broken, { ...good, inputs: { input: filled(BATCH, FEATURES) } }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'student-not-trainable', message: expect.stringContaining('matMul') });
  });

  test('refuses a loss that this thread does not know', async () => {
    await expect(check({ ...softTargets(), name: 'margin' }, good)).rejects.toMatchObject({ code: 'unknown-loss' });
  });

  test('compares labels with their own output', async () => {
    const input = tf.input({ shape: [FEATURES] });
    const outputs = [CLASSES, 2].map(
      (units, i) => tf.layers.dense({ units, name: ['digit', 'parity'][i] }).apply(input) as tf.SymbolicTensor,
    );
    const portable = await portableOf(tf.model({ inputs: input, outputs }));
    const loss = weighted([
      { loss: softTargets({ output: 'digit' }), weight: 1 },
      { loss: crossEntropy({ output: 'parity' }), weight: 1 },
    ]);
    const batch = { ...good, teacher: { digit: filled(BATCH, CLASSES) } };
    await expect(check(loss, { ...batch, labels: Int32Array.of(0, 2) }, portable)).rejects.toMatchObject({
      code: 'class-mismatch',
      message: expect.stringContaining("The label 2 lies outside the student's 2 classes (0…1)"),
    });
    await expect(check(loss, { ...batch, labels: Int32Array.of(0, 1) }, portable)).resolves.toMatchObject({
      outputs: { digit: [CLASSES], parity: [2] },
    });
  });

  test('changes no weight and no moving statistic of the given model', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 5, inputShape: [FEATURES] }),
        tf.layers.batchNormalization(),
        tf.layers.dense({ units: CLASSES }),
      ],
    });
    const weights = () => model.getWeights().map((weight) => Array.from(weight.dataSync()));
    const before = weights();
    await check(both, good, await studentFromModel(model).portable());
    expect(weights()).toEqual(before);
    model.dispose();
  });
});

function filled(...shape: number[]): NdArray {
  const size = shape.reduce((product, length) => product * length, 1);
  return { data: Float32Array.from({ length: size }, (_, i) => Math.sin(i)), shape };
}

/** The same with one value changed. */
function spoilt(array: NdArray, value: number): NdArray {
  const data = Float32Array.from(array.data);
  data[1] = value;
  return { ...array, data };
}
