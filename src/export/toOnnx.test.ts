import { beforeAll, describe, expect, test } from 'vitest';
import type { LimbeckError } from '../core/errors.ts';
import { readModel } from '../onnx/model.ts';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf, studentFromModel } from '../student/layersModel.ts';
import { type StudentArtifacts, studentFromArtifacts, type WeightSpec } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { toOnnx } from './toOnnx.ts';
import type { ToOnnxOptions } from './toOnnxOptions.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft(tf.disposeVariables);

const tinyModel = () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'only' })] });

describe('a student', () => {
  test('is the same file from a LayersModel, its handle and its saved artifacts', async () => {
    const model = tinyModel();
    const bytes = await toOnnx(model);
    expect(await toOnnx(studentFromModel(model))).toEqual(bytes);
    expect(await toOnnx(studentFromArtifacts('tiny', await artifactsOf(model)))).toEqual(bytes);
    expect(readModel(bytes).graph.node.map(({ name }) => name)).toEqual(['only']);
  });

  test('that was never trained has no weights to write', async () => {
    await expect(toOnnx(mlp())).rejects.toMatchObject({
      code: 'student-invalid',
      message: expect.stringContaining('Train it first'),
    });
  });

  test.each([undefined, null, 'student', {}])('is not %j', async (student) => {
    await expect(toOnnx(student as never)).rejects.toMatchObject({ code: 'student-invalid' });
  });
});

test('the file says what the options say', async () => {
  const options: ToOnnxOptions = {
    name: 'pets',
    labels: ['cat', 'dog'],
    input: { size: [32, 32], mean: [0.5] },
    teacher: 'a1b2',
    metrics: { accuracy: 0.75 },
    license: 'MIT',
    metadata: { author: 'me' },
  };
  const { metadataProps, graph, producerName } = readModel(await toOnnx(tinyModel(), options));
  expect({ name: graph.name, producerName }).toEqual({ name: 'pets', producerName: 'limbeck' });
  expect(Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]))).toEqual({
    'limbeck.labels': '["cat","dog"]',
    'limbeck.input': '{"size":[32,32],"mean":[0.5]}',
    'limbeck.teacher': 'a1b2',
    'limbeck.metrics': '{"accuracy":0.75}',
    'limbeck.license': 'MIT',
    author: 'me',
  });
});

test('a file of few options says nothing more', async () => {
  expect(readModel(await toOnnx(tinyModel())).metadataProps).toEqual([]);
});

test('a cancelled run writes nothing', async () => {
  const signal = AbortSignal.abort();
  await expect(toOnnx(tinyModel(), { signal })).rejects.toMatchObject({ name: 'AbortError' });
});

test.each<[string, object]>([
  ['a misspelt option', { opsets: 17 }],
  ['opset 12', { opset: 12 }],
  ['opset 22', { opset: 22 }],
  ['half an opset', { opset: 17.5 }],
  ['a word for dynamicBatch', { dynamicBatch: 'yes' }],
  ['a batch size with a free batch', { batchSize: 2 }],
  ['a batch of nothing', { dynamicBatch: false, batchSize: 0 }],
  ['another layout', { inputLayout: 'nchw' }],
  ['a number for foldBatchNorm', { foldBatchNorm: 1 }],
  ['a number for a name', { name: 3 }],
  ['labels that are numbers', { labels: [1, 2] }],
  ['one label', { labels: 'cat' }],
  ['an input in words', { input: 'pixels' }],
  ['a metric that is not finite', { metrics: { loss: Number.NaN } }],
  ['metrics that are null', { metrics: null }],
  ['metadata of numbers', { metadata: { a: 1 } }],
  ['metadata that limbeck writes itself', { metadata: { 'limbeck.labels': '[]' } }],
  ['a teacher that is no hash', { teacher: 7 }],
  ['a license that is no word', { license: false }],
])('%s is refused', async (_, options) => {
  await expect(toOnnx(tinyModel(), options as ToOnnxOptions)).rejects.toMatchObject({ code: 'invalid-option' });
});

test('options are checked before the student', async () => {
  await expect(toOnnx(undefined as never, { opset: 3 })).rejects.toMatchObject({ code: 'invalid-option' });
});

test('every layer that cannot be written is named, also in a nested model', async () => {
  const artifacts = await artifactsOf(nested());
  const text = JSON.stringify(artifacts.modelTopology)
    .replace('"class_name":"Flatten"', '"class_name":"Lambda"')
    .replace('"activation":"tanh"', '"activation":"cubic"')
    .replace('"padding":"same"', '"padding":"reflect"');
  const student = studentFromArtifacts('odd', { ...artifacts, modelTopology: JSON.parse(text) as object });
  const error = (await toOnnx(student).catch((thrown: unknown) => thrown)) as LimbeckError;
  expect(error).toMatchObject({
    code: 'unsupported-layer',
    details: {
      layers: [
        { name: 'conv', className: 'Conv1D', why: expect.stringContaining('"reflect"') },
        { name: 'flat', className: 'Lambda', why: expect.stringContaining('Lambda') },
        { name: 'end', className: 'Dense', why: expect.stringContaining('"cubic"') },
      ],
    },
  });
  for (const name of ['conv', 'flat', 'end']) expect(error.message).toContain(`"${name}"`);
});

describe('what tfjs itself does not run', () => {
  const image = { shape: [3, 5, 5] };
  const withConfig = async (
    layer: { apply(x: tf.SymbolicTensor): unknown },
    shape: number[],
    from: string,
    to: string,
  ) => {
    const input = tf.input({ shape });
    const artifacts = await artifactsOf(tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor }));
    const text = JSON.stringify(artifacts.modelTopology);
    expect(text).toContain(from);
    return studentFromArtifacts('odd', { ...artifacts, modelTopology: JSON.parse(text.replace(from, to)) as object });
  };

  test.each<[string, () => ReturnType<typeof withConfig>]>([
    [
      'a convolution over one axis, channels first',
      () =>
        withConfig(
          tf.layers.conv1d({ filters: 2, kernelSize: 2 }),
          [4, 3],
          '"filters"',
          '"data_format":"channels_first","filters"',
        ),
    ],
    [
      'a separable convolution, channels first',
      () =>
        withConfig(
          tf.layers.separableConv2d({ filters: 2, kernelSize: 2 }),
          image.shape,
          'channels_last',
          'channels_first',
        ),
    ],
    [
      'groups',
      () =>
        withConfig(tf.layers.conv2d({ filters: 2, kernelSize: 2 }), image.shape, '"filters"', '"groups":3,"filters"'),
    ],
    [
      'a slope below zero',
      () => withConfig(tf.layers.reLU({ maxValue: 6 }), [4], '"max_value"', '"negative_slope":0.1,"max_value"'),
    ],
    ['an elu of another alpha', () => withConfig(tf.layers.elu(), [4], '"alpha":1', '"alpha":2')],
    [
      'a global pooling that keeps its axes',
      () => withConfig(tf.layers.globalMaxPooling2d({}), image.shape, '"data_format"', '"keepdims":true,"data_format"'),
    ],
    ['a softmax over two axes', () => withConfig(tf.layers.softmax({ axis: -1 }), [4, 3], '"axis":-1', '"axis":[1,2]')],
  ])('is refused: %s', async (_, make) => {
    await expect(toOnnx(await make())).rejects.toMatchObject({ code: 'unsupported-layer' });
  });
});

/** tfjs forgets the dataFormat of a one-dimensional convolution when it saves one. */
test('weights for other inputs are refused', async () => {
  const input = tf.input({ shape: [4, 3] });
  const conv = tf.layers.conv1d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst' });
  const model = tf.model({ inputs: input, outputs: conv.apply(input) as tf.SymbolicTensor });
  await expect(toOnnx(model)).rejects.toMatchObject({
    code: 'student-invalid',
    message: expect.stringContaining('[2, 4, 2]'),
  });
});

test.each<[string, (artifacts: StudentArtifacts) => Partial<StudentArtifacts>]>([
  ['none', () => ({ weightSpecs: [], weightData: new ArrayBuffer(0) })],
  ['fewer bytes than they need', ({ weightData }) => ({ weightData: weightData.slice(4) })],
  ['one name twice', ({ weightSpecs }) => ({ weightSpecs: [weightSpecs[0], weightSpecs[0]] as WeightSpec[] })],
  ['halves', ({ weightSpecs }) => ({ weightSpecs: weightSpecs.map((spec) => ({ ...spec, dtype: 'float16' })) })],
  [
    'quantized ones',
    ({ weightSpecs }) => ({ weightSpecs: weightSpecs.map((spec) => ({ ...spec, quantization: {} })) }),
  ],
])('weights that are %s are refused', async (_, change) => {
  const artifacts = await artifactsOf(tinyModel());
  const student = studentFromArtifacts('odd', { ...artifacts, ...change(artifacts) });
  await expect(toOnnx(student)).rejects.toMatchObject({ code: 'student-invalid' });
});

function nested(): tf.LayersModel {
  const inside = tf.input({ shape: [5, 2] });
  const conv = tf.layers.conv1d({ filters: 2, kernelSize: 2, padding: 'same', name: 'conv' }).apply(inside);
  const inner = tf.model({ inputs: inside, outputs: conv as tf.SymbolicTensor, name: 'inner' });
  const input = tf.input({ shape: [5, 2] });
  const flat = tf.layers.flatten({ name: 'flat' }).apply(inner.apply(input) as tf.SymbolicTensor);
  const end = tf.layers.dense({ units: 2, activation: 'tanh', name: 'end' }).apply(flat as tf.SymbolicTensor);
  return tf.model({ inputs: input, outputs: end as tf.SymbolicTensor });
}
