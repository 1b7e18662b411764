import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { applyStudent, buildStudent } from '../student/build.ts';
import { type FromSafetensorsOptions, fromSafetensors } from '../student/fromSafetensors.ts';
import { readSafetensors, writeSafetensors } from '../student/safetensors/safetensors.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import { toSafetensors } from './safetensors.ts';

const golden = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../student/safetensors/golden/${name}`, import.meta.url)));

/** Compared by the platform, because the test runner takes seconds for a megabyte. */
const isSame = (a: ArrayBuffer | Uint8Array | undefined, b: ArrayBuffer | Uint8Array) =>
  Buffer.compare(new Uint8Array(a as ArrayBuffer), new Uint8Array(b)) === 0;

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

describe('a student of the zoo', () => {
  test.each([
    ['cnn', () => cnn({ inputShape: [12, 12, 1], classes: 3 })],
    ['transformerTiny', () => transformerTiny({ length: 6, vocabulary: 11, classes: 3 })],
  ] as const)('%s: file → artifacts → file is the same, byte for byte', async (_, make) => {
    const artifacts = await artifactsFrom(make(), 'build');
    const bytes = await toSafetensors(artifacts, { metadata: { license: 'mit' } });
    const size = artifacts.weightData.byteLength;
    const into = studentFromArtifacts('empty', { ...artifacts, weightData: new ArrayBuffer(size) });
    const student = await fromSafetensors(bytes, { into });
    expect(student).toBe(into);
    expect(isSame(student.artifacts?.weightData, artifacts.weightData)).toBe(true);
    expect(isSame(await toSafetensors(student, { metadata: { license: 'mit' } }), bytes)).toBe(true);
    const again = await fromSafetensors(bytes, { into: make() });
    expect(again.artifacts?.weightSpecs[0]?.name).toBe(artifacts.weightSpecs[0]?.name);
    expect(isSame(again.artifacts?.weightData, artifacts.weightData)).toBe(true);
    expect(readSafetensors(bytes).metadata).toEqual({ license: 'mit' });
  });

  test('weights load into an untrained design, a model of the page, and bare artifacts', async () => {
    const tensorsBefore = tf.memory().numTensors;
    const make = () => mlp({ inputShape: [4], classes: 2, hidden: [3] });
    const before = await artifactsFrom(make(), 'build');
    const values = new Float32Array(before.weightData.byteLength / 4).map((_, i) => i);
    const artifacts: StudentArtifacts = { ...before, weightData: values.buffer };
    const bytes = await toSafetensors(artifacts);
    const model = await buildStudent(await make().portable(), 1);
    const built = await fromSafetensors(bytes, { into: model });
    expect(model.getWeights().flatMap((weight) => Array.from(weight.dataSync()))).toEqual(Array.from(values));
    for (const student of [
      built,
      await fromSafetensors(bytes, { into: make() }),
      await fromSafetensors(bytes, { into: before }),
    ]) {
      expect(new Float32Array(student.artifacts?.weightData as ArrayBuffer)).toEqual(values);
    }
    const again = readSafetensors(await toSafetensors(model)).tensors;
    expect([...again.values()]).toEqual([...readSafetensors(bytes).tensors.values()]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });
});

/** The network of scripts/golden/safetensorsFiles.py in tfjs. */
function torchNet(): tf.LayersModel {
  const { layers } = tf;
  const x = tf.input({ shape: [9, 8, 2] });
  let y = layers.conv2d({ filters: 3, kernelSize: [3, 2], activation: 'relu', name: 'conv' }).apply(x);
  y = layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, name: 'depth' }).apply(y);
  y = layers.batchNormalization({ epsilon: 1e-3, name: 'norm' }).apply(y);
  y = layers.activation({ activation: 'relu' }).apply(y);
  y = layers.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 2, name: 'up' }).apply(y) as tf.SymbolicTensor;
  const [, height, width, channels] = y.shape as [null, number, number, number];
  // The mean over the width, as an average over windows of 1 x width.
  y = layers.averagePooling2d({ poolSize: [1, width], strides: [1, width] }).apply(y);
  y = layers.reshape({ targetShape: [height, channels] }).apply(y);
  y = layers.conv1d({ filters: 5, kernelSize: 3, name: 'line' }).apply(y);
  y = layers.globalAveragePooling1d({}).apply(y);
  y = layers.dense({ units: 7, name: 'head' }).apply(y);
  return tf.model({ inputs: x, outputs: y as tf.SymbolicTensor });
}

const PARTS: Readonly<Record<string, string>> = {
  kernel: 'weight',
  depthwise_kernel: 'weight',
  gamma: 'weight',
  bias: 'bias',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

const torchKeys = (name: string) => {
  const [layer, part = ''] = name.split('/');
  return `${layer}.${PARTS[part]}`;
};

describe('a network of PyTorch', () => {
  const options = { keys: torchKeys, transpose: 'pytorch', unused: 'ignore' } as const;

  test('answers in tfjs as in PyTorch', async () => {
    const { input, output } = JSON.parse(new TextDecoder().decode(golden('torchNet.json')));
    const model = torchNet();
    await fromSafetensors(golden('torchNet.safetensors'), { ...options, into: model });
    const answer = tf.tidy(() =>
      applyStudent(model, [tf.tensor(input, [2, 9, 8, 2])], 'inference')['logits']?.dataSync(),
    ) as Float32Array;
    expect(answer.length).toBe(output.length);
    // Sums of about a hundred float32 products in another order.
    for (const [i, value] of answer.entries()) expect(Math.abs(value - output[i])).toBeLessThan(1e-5);
    model.dispose();
  });

  test('is refused with everything that does not fit, at once', async () => {
    const model = torchNet();
    const rejected = (more: Partial<FromSafetensorsOptions>) =>
      fromSafetensors(golden('torchNet.safetensors'), { ...options, into: model, ...more }).then(
        () => 'taken',
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      );
    const plainly = await rejected({ transpose: 'none' });
    for (const part of [
      'safetensors-invalid',
      '"conv.weight" is [3, 2, 3, 2], "conv/kernel" takes [3, 2, 2, 3]',
      '"depth.weight" is [6, 1, 3, 3], "depth/depthwise_kernel" takes [3, 3, 3, 2]',
      '"head.weight" is [7, 5], "head/kernel" takes [5, 7]',
    ]) {
      expect(plainly).toContain(part);
    }
    const unnamed = await rejected({ keys: { 'head/bias': 'nothing' }, unused: 'refuse' });
    expect(unnamed).toContain('missing: "conv/kernel"');
    expect(unnamed).toContain('"nothing" (for "head/bias")');
    expect(unnamed).toMatch(/unused: .*"norm\.num_batches_tracked"/);
    expect(await rejected({ unused: 'refuse' })).toContain('unused: "norm.num_batches_tracked"');
    model.dispose();
  });

  test('a GRU is refused, because its gates differ', async () => {
    const model = tf.sequential({ layers: [tf.layers.gru({ units: 2, inputShape: [3, 4], name: 'gru' })] });
    const tensors = readSafetensors(await toSafetensors(model)).tensors;
    const refused = fromSafetensors(writeSafetensors({ tensors }), { into: model, transpose: 'pytorch' });
    await expect(refused).rejects.toMatchObject({
      code: 'safetensors-invalid',
      message: expect.stringContaining('GRU'),
    });
    model.dispose();
  });
});

test('halves and integers fill float weights', async () => {
  const into = mlp({ inputShape: [1], classes: 2, hidden: [] });
  const [kernel, bias] = (await artifactsFrom(into, 'build')).weightSpecs.map(({ name }) => name) as [string, string];
  const bytes = writeSafetensors({
    tensors: new Map([
      [kernel, { dtype: 'F16', shape: [1, 2], bytes: new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer) }],
      [bias, { dtype: 'I64', shape: [2], bytes: new Uint8Array(BigInt64Array.of(-3n, 4n).buffer) }],
    ]),
  });
  const { artifacts } = await fromSafetensors(bytes, { into });
  expect(Array.from(new Float32Array(artifacts?.weightData as ArrayBuffer))).toEqual([1, -2, -3, 4]);
});

test('two weights of one name, unknown options and other values are refused', async () => {
  const artifacts = await artifactsFrom(mlp({ inputShape: [1], classes: 2, hidden: [] }), 'build');
  const twins = { ...artifacts, weightSpecs: artifacts.weightSpecs.map((spec) => ({ ...spec, name: 'w' })) };
  await expect(toSafetensors(twins)).rejects.toMatchObject({ code: 'safetensors-invalid' });
  await expect(toSafetensors(artifacts, { meta: {} } as never)).rejects.toMatchObject({ code: 'invalid-option' });
  await expect(toSafetensors({} as never)).rejects.toMatchObject({ code: 'student-invalid' });
  const short = { ...artifacts, weightData: new ArrayBuffer(4) };
  await expect(toSafetensors(short)).rejects.toMatchObject({ code: 'student-invalid' });
  const file = await toSafetensors(artifacts);
  await expect(fromSafetensors(file, { into: artifacts, transpose: 'torch' as never })).rejects.toMatchObject({
    code: 'invalid-option',
  });
  await expect(fromSafetensors(file, { into: undefined as never })).rejects.toMatchObject({ code: 'student-invalid' });
});
