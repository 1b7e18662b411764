import { beforeAll, describe, expect, test } from 'vitest';
import { readModel } from '../onnx/model.ts';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { checkExport, countOf } from './exportCases.ts';
import { withSeededWeights } from './exportedCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft(tf.disposeVariables);

describe('folding batch normalization', () => {
  const foldable = { shape: [6, 5, 3] };
  const normOf = (x: tf.SymbolicTensor) => tf.layers.batchNormalization().apply(x) as tf.SymbolicTensor;

  test.each<[string, () => { apply(x: tf.SymbolicTensor): unknown }, number]>([
    ['conv2d', () => tf.layers.conv2d({ filters: 4, kernelSize: 2 }), 0],
    ['conv2d without bias', () => tf.layers.conv2d({ filters: 4, kernelSize: 2, useBias: false }), 0],
    ['conv2dTranspose', () => tf.layers.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 2 }), 0],
    ['depthwiseConv2d', () => tf.layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2 }), 0],
    ['separableConv2d', () => tf.layers.separableConv2d({ filters: 4, kernelSize: 2 }), 0],
    ['conv2d with an activation', () => tf.layers.conv2d({ filters: 4, kernelSize: 2, activation: 'relu' }), 1],
  ])('of a %s', async (_, layer, left) => {
    const input = tf.input({ shape: foldable.shape });
    const model = tf.model({ inputs: input, outputs: normOf(layer().apply(input) as tf.SymbolicTensor) });
    withSeededWeights(tf, model);
    const read = await checkExport(model, [foldable], { foldBatchNorm: true });
    expect(countOf(read, 'BatchNormalization')).toBe(left);
  });

  test('of a dense layer', async () => {
    const input = tf.input({ shape: [5] });
    const dense = tf.layers.dense({ units: 4 }).apply(input) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: normOf(dense) });
    withSeededWeights(tf, model);
    const read = await checkExport(model, [{ shape: [5] }], { foldBatchNorm: true });
    expect(read.graph.node.map(({ opType }) => opType)).toEqual(['Gemm']);
  });

  test.each([true, false])('of a dense layer over a sequence, bias: %s', async (useBias) => {
    const input = tf.input({ shape: [6, 5] });
    const dense = tf.layers.dense({ units: 4, useBias }).apply(input) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: normOf(dense) });
    withSeededWeights(tf, model);
    const read = await checkExport(model, [{ shape: [6, 5] }], { foldBatchNorm: true });
    expect(read.graph.node.map(({ opType }) => opType)).toEqual(['MatMul', 'Add']);
  });

  test('not over another axis than the features', async () => {
    const input = tf.input({ shape: [4, 4] });
    const dense = tf.layers.dense({ units: 4 }).apply(input) as tf.SymbolicTensor;
    const norm = tf.layers.batchNormalization({ axis: 1 }).apply(dense) as tf.SymbolicTensor;
    const bytes = artifactsToOnnx(await artifactsOf(tf.model({ inputs: input, outputs: norm })), {
      foldBatchNorm: true,
    });
    expect(countOf(readModel(bytes), 'BatchNormalization')).toBe(1);
  });

  test('not if something else reads the convolution, or shares its weights', async () => {
    const input = tf.input({ shape: foldable.shape });
    const conv = tf.layers.conv2d({ filters: 3, kernelSize: 1 });
    const x = conv.apply(input) as tf.SymbolicTensor;
    const read = await checkExport(tf.model({ inputs: input, outputs: [normOf(x), x] }), [foldable], {
      foldBatchNorm: true,
    });
    expect(countOf(read, 'BatchNormalization')).toBe(1);
    const twice = normOf(conv.apply(x) as tf.SymbolicTensor);
    const shared = await checkExport(tf.model({ inputs: input, outputs: twice }), [foldable], { foldBatchNorm: true });
    expect(countOf(shared, 'BatchNormalization')).toBe(1);
  });

  test('of two layers that share the normalization', async () => {
    const input = tf.input({ shape: foldable.shape });
    const norm = tf.layers.batchNormalization();
    const ends = [2, 1].map((kernelSize) => {
      const x = tf.layers.conv2d({ filters: 4, kernelSize }).apply(input);
      return norm.apply(x) as tf.SymbolicTensor;
    });
    const model = tf.model({ inputs: input, outputs: ends });
    withSeededWeights(tf, model);
    const read = await checkExport(model, [foldable], { foldBatchNorm: true });
    expect(countOf(read, 'BatchNormalization')).toBe(0);
  });
});
