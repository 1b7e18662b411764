import { describe, expect, test, vi } from 'vitest';
import { beginOnWasm, levels, readBinaries } from '../kernels/cases/binaryCases.ts';
import { installKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';

const binaryOf = readBinaries();
beginOnWasm();

/** A model's output and the gradients of its weights and its input, for the sum of the output weighted by fixed numbers. */
function trainingNumbers(build: () => tf.Sequential, inputShape: number[]): number[][] {
  return tf.tidy(() => {
    const model = build();
    model.getWeights().forEach((weight, i) => {
      const start = tf.randomNormal(weight.shape, 0, 0.5, 'float32', i + 1);
      (model.weights[i] as unknown as { val: tf.Variable }).val.assign(start);
    });
    const x = tf.variable(tf.randomNormal(inputShape, 0, 1, 'float32', 99));
    const variables = [x, ...model.trainableWeights.map((weight) => weight.read() as tf.Variable)];
    let output: number[] = [];
    const { grads } = tf.variableGrads(() => {
      const y = model.apply(x, { training: true }) as tf.Tensor;
      output = [...y.dataSync()];
      return tf.sum(tf.mul(y, tf.randomNormal(y.shape, 0, 1, 'float32', 7))) as tf.Scalar;
    }, variables);
    const numbers = [output, ...variables.map(({ name }) => [...(grads[name] as tf.Tensor).dataSync()])];
    model.dispose();
    x.dispose();
    return numbers;
  });
}

const of = (layer: tf.SymbolicTensor | unknown) => tf.sequential({ layers: [layer as never] });
const models: Record<string, [() => tf.Sequential, number[]]> = {
  ...Object.fromEntries(
    (['linear', 'relu', 'relu6', 'sigmoid', 'elu', 'tanh', 'softmax'] as const).flatMap((activation) => [
      [`dense ${activation}`, [() => of(tf.layers.dense({ inputShape: [5], units: 9, activation })), [6, 5]]],
      [
        `conv2d ${activation}`,
        [
          () => of(tf.layers.conv2d({ inputShape: [6, 5, 3], filters: 7, kernelSize: 3, padding: 'same', activation })),
          [2, 6, 5, 3],
        ],
      ],
      [
        `depthwiseConv2d ${activation}`,
        [() => of(tf.layers.depthwiseConv2d({ inputShape: [6, 5, 3], kernelSize: 3, activation })), [2, 6, 5, 3]],
      ],
    ]),
  ),
  'dense gelu': [() => of(tf.layers.dense({ inputShape: [5], units: 9, activation: 'gelu' as 'relu' })), [6, 5]],
  'dense gelu of sequences, without bias': [
    () => of(tf.layers.dense({ inputShape: [4, 5], units: 3, useBias: false, activation: 'gelu' as 'relu' })),
    [2, 4, 5],
  ],
  'dense of sequences': [() => of(tf.layers.dense({ inputShape: [4, 5], units: 3, activation: 'relu' })), [2, 4, 5]],
  'dense without bias': [
    () => of(tf.layers.dense({ inputShape: [5], units: 3, useBias: false, activation: 'relu' })),
    [4, 5],
  ],
  'conv2d with strides and dilations': [
    () =>
      of(tf.layers.conv2d({ inputShape: [9, 9, 2], filters: 4, kernelSize: [3, 2], strides: 2, activation: 'relu' })),
    [2, 9, 9, 2],
  ],
  'depthwiseConv2d with a multiplier': [
    () =>
      of(
        tf.layers.depthwiseConv2d({
          inputShape: [7, 7, 3],
          kernelSize: 3,
          depthMultiplier: 2,
          strides: 2,
          padding: 'same',
          activation: 'relu',
        }),
      ),
    [2, 7, 7, 3],
  ],
  separableConv2d: [
    () => of(tf.layers.separableConv2d({ inputShape: [6, 6, 3], filters: 4, kernelSize: 3, activation: 'relu' })),
    [2, 6, 6, 3],
  ],
  conv1d: [
    () => of(tf.layers.conv1d({ inputShape: [9, 3], filters: 4, kernelSize: 3, activation: 'relu' })),
    [2, 9, 3],
  ],
  conv2dTranspose: [
    () =>
      of(tf.layers.conv2dTranspose({ inputShape: [4, 4, 3], filters: 2, kernelSize: 3, strides: 2, padding: 'same' })),
    [2, 4, 4, 3],
  ],
};

describe.each(levels)('layers on the %s binary', (level) => {
  test.each(Object.entries(models))('%s trains as on the cpu backend', async (_name, [build, inputShape]) => {
    await tf.setBackend('cpu');
    const expected = trainingNumbers(build, inputShape);
    await tf.setBackend('wasm');
    await installKernels(binaryOf(level));
    const before = tf.memory().numTensors;
    const actual = trainingNumbers(build, inputShape);
    expect(tf.memory().numTensors).toBe(before);
    expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    actual.forEach((numbers, i) => {
      numbers.forEach((value, j) => void expect(value).toBeCloseTo(expected[i]?.[j] as number, 3));
    });
  });
});

test('a fused layer is one kernel forward', async () => {
  await installKernels(binaryOf('simd'));
  const names = vi.spyOn(tf.engine(), 'runKernel');
  trainingNumbers(...(models['dense relu'] as [() => tf.Sequential, number[]]));
  const called = names.mock.calls.map(([name]) => name);
  expect(called).toContain('_FusedMatMul');
  expect(called).toContain('EpilogueGrad');
  expect(called).not.toContain('Relu');
});

test('a dense layer with gelu computes it once, forward, and its slopes only where a gradient is asked for', async () => {
  await installKernels(binaryOf('simd'));
  const run = vi.spyOn(tf.engine(), 'runKernel');
  const [build, shape] = models['dense gelu'] as [() => tf.Sequential, number[]];
  const [trained] = trainingNumbers(build, shape);
  const called = run.mock.calls.map(([name]) => name);
  expect(called.filter((name) => name === 'GeluMatMul').length).toBe(1);
  expect(called).toContain('EpilogueGrad');
  expect(called.filter((name) => name === 'Gelu' || name === 'GeluGrad')).toEqual([]);
  run.mockClear();
  tf.tidy(() => {
    const layer = tf.layers.dense({ units: 9, activation: 'gelu' as 'relu' });
    const x = tf.randomNormal(shape, 0, 1, 'float32', 99);
    layer.apply(x);
    layer.setWeights(layer.getWeights().map((weight, i) => tf.randomNormal(weight.shape, 0, 0.5, 'float32', i + 1)));
    run.mockClear();
    expect([...(layer.apply(x) as tf.Tensor).dataSync()]).toEqual(trained);
    layer.dispose();
  });
  const ofUse = run.mock.calls.filter(([name]) => name === 'GeluMatMul');
  expect(ofUse.map(([, , attrs]) => attrs)).toEqual([{ isSloped: false }]);
});

test('a dilated separable convolution trains as the convolution that it amounts to', async () => {
  await installKernels(binaryOf('simd'));
  const separable = tf.layers.separableConv2d({ filters: 2, kernelSize: 2, dilationRate: 2, useBias: false });
  tf.tidy(() => {
    const x = tf.randomNormal([2, 6, 6, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
    separable.apply(x);
    const [depthwise, pointwise] = separable.getWeights() as [tf.Tensor4D, tf.Tensor4D];
    const amounts = (image: tf.Tensor) => {
      const spread = tf.mul(depthwise, tf.reshape(tf.eye(3), [1, 1, 3, 3])) as tf.Tensor4D;
      return tf.conv2d(tf.conv2d(image as tf.Tensor4D, spread, 1, 'valid', 'NHWC', 2), pointwise, 1, 'valid');
    };
    const weights = tf.randomNormal([2, 4, 4, 2], 0, 1, 'float32', 2);
    const gradientOf = (f: (image: tf.Tensor) => tf.Tensor) => [...tf.grad(f)(x, weights).dataSync()];
    const expected = gradientOf(amounts);
    gradientOf((image) => separable.apply(image) as tf.Tensor).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 4);
    });
  });
  separable.dispose();
});
