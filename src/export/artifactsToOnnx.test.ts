import { beforeAll, describe, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { findTaps } from '../onnx/describe/findTaps.ts';
import { readModel } from '../onnx/model.ts';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { registerActivations } from '../student/layers/activations.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { Student, StudentDesign } from '../student/student.ts';
import * as zoo from '../student/zoo/all.ts';
import { cnn } from '../student/zoo/cnn.ts';
import { crnn } from '../student/zoo/crnn.ts';
import { dsCnn } from '../student/zoo/dsCnn.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { mobilenetV1 } from '../student/zoo/mobilenetV1.ts';
import { resnet8 } from '../student/zoo/resnet8.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { checkExport, countOf, expectSame, ortOutputs } from './exportCases.ts';
import { predicted, seededInputs, withSeededWeights } from './exportedCases.ts';
import { type CaseInput, LAYER_CASES } from './layerCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
// tfjs leaves a shared layer's weights behind when its model is disposed.
expectNoTensorsLeft(tf.disposeVariables);

/** An activation is one or two nodes, whose form changes at opset 18 and 20 only. */
const opsetsOf = (family: string) => (family === 'activation' ? [13, 21] : [13, 17, 21]);

describe.each(LAYER_CASES)('$family: $name', ({ family, build, inputs }) => {
  test.each(opsetsOf(family))('equals tfjs at opset %i', async (opset) => {
    const model = build(tf);
    withSeededWeights(tf, model);
    await checkExport(model, inputs, { opset });
  });
});

test.each([13, 14, 21])('limbeck’s hardSwish equals itself at opset %i', async (opset) => {
  registerActivations();
  const input = tf.input({ shape: [6, 5, 2] });
  const config = { filters: 3, kernelSize: 2, activation: 'hardSwish' as 'relu' };
  const model = tf.model({ inputs: input, outputs: tf.layers.conv2d(config).apply(input) as tf.SymbolicTensor });
  withSeededWeights(tf, model);
  const read = await checkExport(model, [{ shape: [6, 5, 2] }], { opset });
  expect(countOf(read, 'HardSwish')).toBe(opset >= 14 ? 1 : 0);
});

interface ZooCase {
  readonly student: Student;
  readonly input: CaseInput;
  /** The cost of the channels-last input; nothing else is transposed. */
  readonly transposes: number;
}

const students: Record<string, ZooCase> = {
  cnn: { student: cnn(), input: { shape: [28, 28, 1] }, transposes: 0 },
  'cnn of colors': { student: cnn({ inputShape: [20, 22, 3] }), input: { shape: [20, 22, 3] }, transposes: 1 },
  dsCnn: { student: dsCnn(), input: { shape: [49, 10, 1] }, transposes: 0 },
  mlp: { student: mlp(), input: { shape: [784] }, transposes: 0 },
  resnet8: { student: resnet8(), input: { shape: [32, 32, 3] }, transposes: 1 },
  mobilenetV1: { student: mobilenetV1(), input: { shape: [96, 96, 3] }, transposes: 1 },
};

describe.each(Object.entries(students))('the student %s', (_, { student, input, transposes }) => {
  test.each([13, 17, 21])('equals tfjs at opset %i, and transposes its input at most', async (opset) => {
    const model = await built(student);
    const read = await checkExport(model, [input], { opset });
    expect(countOf(read, 'Transpose')).toBe(transposes);
    expect(read.graph.output.map(({ name }) => name)).toEqual(['logits']);
    expect(read.graph.input.map(({ name }) => name)).toEqual(['input']);
  });

  test('folds its batch normalization away', async () => {
    const model = await built(student);
    const read = await checkExport(model, [input], { foldBatchNorm: true });
    expect(countOf(read, 'BatchNormalization')).toBe(0);
  });
});

test.each([13, 17, 21])('the student transformerTiny equals tfjs at opset %i', async (opset) => {
  const model = await built(transformerTiny({ length: 12, width: 16, hidden: 24 }));
  await checkExport(model, [{ shape: [12], dtype: 'int32', below: 256 }], { opset });
});

test.each([13, 17, 21])('the student crnn equals tfjs at opset %i', async (opset) => {
  const model = await built(crnn({ inputShape: [32, 64, 1], classes: 12, filters: 4, units: 8 }));
  await checkExport(model, [{ shape: [32, 64, 1] }], { opset });
});

/** src/export/towers.test.ts, keypoints.test.ts and decoders.test.ts have these. */
const ELSEWHERE = ['two-tower', 'autoencoder', 'keypoints', 'decoder', 'recurrent-decoder'];

test('every student of the zoo is tested here or there', () => {
  const designs = (Object.values(zoo) as StudentDesign[]).map(({ design }) => design);
  const tested = [
    ...Object.values(students).map(({ student }) => student.name),
    'transformer-tiny',
    'crnn',
    ...ELSEWHERE,
  ];
  expect(designs.filter((design) => !tested.includes(design))).toEqual([]);
});

describe('what a file says', () => {
  test('layers by name, so that taps find them', async () => {
    const model = await built(cnn());
    const read = await checkExport(model, [{ shape: [28, 28, 1] }]);
    const layers = model.layers.slice(1).map(({ name }) => name);
    expect(layers).toHaveLength(7);
    expect(layers.filter((name) => !read.graph.node.some((node) => node.name === name))).toEqual([]);
    const taps = findTaps(
      read,
      layers.map((outputOf) => ({ outputOf })),
      'cnn',
    );
    const tapped = [...taps.values()];
    expect(tapped.at(-1)).toBe('logits');
    expect(tapped.slice(0, -1)).toEqual(layers.slice(0, -1));
  });

  test('a fixed batch, and inputs channels first', async () => {
    const model = await built(resnet8());
    const options = { dynamicBatch: false, batchSize: 2, inputLayout: 'channels-first' } as const;
    const bytes = artifactsToOnnx(await artifactsOf(model), options);
    const given = seededInputs([{ shape: [32, 32, 3] }], 2);
    const { data } = given[0] as NdArray;
    const moved = tf.tidy(() => tf.transpose(tf.tensor4d(data, [2, 32, 32, 3]), [0, 3, 1, 2]).dataSync());
    const asked = [{ data: moved as Float32Array, shape: [2, 3, 32, 32] }];
    expectSame(await ortOutputs(bytes, asked), await predicted(tf, model, given));
    expect(countOf(readModel(bytes), 'Transpose')).toBe(0);
  });

  test('free lengths have names', async () => {
    const input = tf.input({ shape: [null, 5], name: 'sound' });
    const output = tf.layers.conv1d({ filters: 2, kernelSize: 3 }).apply(input) as tf.SymbolicTensor;
    const { graph } = await checkExport(tf.model({ inputs: input, outputs: output }), [{ shape: [9, 5] }]);
    const names = [graph.input, graph.output]
      .flat()
      .map(({ type }) => type?.tensorType?.shape?.dim.map(({ dimParam, dimValue }) => dimParam || Number(dimValue)));
    expect(names).toEqual([
      ['batch', 'sound_1', 5],
      ['batch', 'logits_1', 2],
    ]);
  });

  const softmax = 'softmax' as const;
  test.each([
    ['age', () => [tf.layers.dense({ units: 1, name: 'age' })]],
    ['logits', () => [tf.layers.dense({ units: 2 })]],
    ['logits', () => [tf.layers.dense({ units: 2, name: 'logits' })]],
    ['kinds', () => [tf.layers.dense({ units: 2, name: 'kinds', activation: softmax })]],
    ['probs', () => [tf.layers.dense({ units: 2, activation: softmax })]],
    ['probs', () => [tf.layers.dense({ units: 2, name: 'logits', activation: softmax })]],
    ['probs', () => [tf.layers.dense({ units: 2, name: 'logits' }), tf.layers.softmax()]],
    ['probs', () => [tf.layers.dense({ units: 2, name: 'dense_4' }), tf.layers.activation({ activation: softmax })]],
    ['probs', () => [tf.layers.dense({ units: 2, activation: 'sigmoid' })]],
    ['probs', () => [tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], activation: softmax })] })]],
  ] as const)('an only output by its kind: %s', async (name, layers) => {
    const input = tf.input({ shape: [3], name: 'input' });
    const output = layers().reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
    const model = tf.model({ inputs: input, outputs: output });
    const { graph } = await checkExport(model, [{ shape: [3] }]);
    expect(graph.output.map((one) => one.name)).toEqual([name]);
    model.dispose();
  });

  test('a shared layer stores its weights once', async () => {
    const shared = LAYER_CASES.find(({ name }) => name.startsWith('two inputs'));
    const read = await checkExport(shared?.build(tf) as tf.LayersModel, shared?.inputs ?? []);
    expect(read.graph.initializer.map(({ name }) => name).sort()).toEqual(
      ['one/bias', 'one/kernel', 'shared/bias', 'shared/kernel'].sort(),
    );
    expect(read.graph.output.map(({ name }) => name)).toEqual(['one', 'shared']);
  });

  test.each([
    [13, 7n],
    [17, 8n],
    [19, 9n],
    [21, 10n],
  ])('opset %i in the oldest format that supports it', async (opset, irVersion) => {
    const input = tf.input({ shape: [3] });
    const model = tf.model({ inputs: input, outputs: tf.layers.reLU().apply(input) as tf.SymbolicTensor });
    const read = await checkExport(model, [{ shape: [3] }], { opset });
    expect(read).toMatchObject({ irVersion, opsetImport: [{ domain: '', version: BigInt(opset) }] });
  });
});

/** tfjs's cpu and wasm backends apply the statistics of any axis to the last one. */
test.each([1, 2])('batch normalization over axis %i equals that over the last one', async (axis) => {
  const order = axis === 1 ? [3, 2, 1] : [1, 3, 2];
  const modelWith = (isMoved: boolean) => {
    const input = tf.input({ shape: [6, 5, 3] });
    let x = tf.layers.conv2d({ filters: 4, kernelSize: 2 }).apply(input) as tf.SymbolicTensor;
    if (isMoved) x = tf.layers.permute({ dims: order }).apply(x) as tf.SymbolicTensor;
    x = tf.layers.batchNormalization({ axis: isMoved ? 3 : axis }).apply(x) as tf.SymbolicTensor;
    if (isMoved) x = tf.layers.permute({ dims: order }).apply(x) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: x });
  };
  const [own, moved] = [modelWith(false), modelWith(true)];
  for (const model of [own, moved]) withSeededWeights(tf, model);
  const given = seededInputs([{ shape: [6, 5, 3] }], 2);
  expectSame(await ortOutputs(artifactsToOnnx(await artifactsOf(own)), given), await predicted(tf, moved, given));
});

/** tfjs builds a causal convolution but does not run it. */
test.each([
  [1, 1],
  [1, 2],
  [2, 1],
])('a causal convolution of stride %i and dilation %i looks back only', async (strides, dilationRate) => {
  const modelOf = (length: number, padding: 'causal' | 'valid') => {
    const input = tf.input({ shape: [length, 2] });
    const config = { filters: 3, kernelSize: 3, strides, dilationRate, padding: padding as 'valid' };
    return tf.model({ inputs: input, outputs: tf.layers.conv1d(config).apply(input) as tf.SymbolicTensor });
  };
  const room = 2 * dilationRate;
  const [causal, valid] = [modelOf(8, 'causal'), modelOf(8 + room, 'valid')];
  for (const model of [causal, valid]) withSeededWeights(tf, model);
  const [given] = seededInputs([{ shape: [8, 2] }], 1);
  const padded = new Float32Array(2 * (8 + room));
  padded.set(given?.data as Float32Array, 2 * room);
  const expected = await predicted(tf, valid, [{ data: padded, shape: [1, 8 + room, 2] }]);
  expectSame(await ortOutputs(artifactsToOnnx(await artifactsOf(causal)), [given as never]), expected);
});

/** A model with random weights and statistics. */
async function built(student: Student): Promise<tf.LayersModel> {
  const model = await buildStudent(await student.portable(), 5);
  shakeNorms(model);
  return model;
}

/** Batch normalizations that do nothing would hide mistakes. */
function shakeNorms(model: tf.LayersModel): void {
  tf.tidy(() => {
    for (const layer of model.layers.filter((one) => one.getClassName() === 'BatchNormalization')) {
      layer.setWeights(
        layer.getWeights().map((weight, i) => tf.randomUniform(weight.shape, 0.5, 1.5, 'float32', i + 1)),
      );
    }
  });
}
