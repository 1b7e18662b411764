// Gradients of depthwise convolution, pooling and gathering against finite differences, and what random cases leave out.
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import { beginOnWasm, cutInto, readBinaries, SEED } from '../cases/binaryCases.ts';
import { finiteDifferences, type PlainFunction } from '../cases/finiteDifferenceCases.ts';
import { plainAvgPool, plainDepthwise, plainMaxPool } from '../cases/plainWindowCases.ts';
import { installKernels } from '../install.ts';

const binaryOf = readBinaries();
beginOnWasm();

type Pair = [number, number];
type Shape4 = [number, number, number, number];

/** Values a step of the differences cannot reorder: multiples of 1/64, all different, in random order. */
function distinctValues(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key);
  return order.map(({ i }) => (i - count / 2) / 64);
}

function expectGradients(
  f: (...xs: tf.Tensor[]) => tf.Tensor,
  plain: PlainFunction,
  shapes: readonly number[][],
): void {
  const random = seededRandom(SEED);
  const inputs = shapes.map((shape) => distinctValues(sizeOf(shape), random));
  const expectedY = plain(inputs);
  const weights = expectedY.map(() => Math.floor(random() * 9) - 4);
  tf.tidy(() => {
    const tensors = inputs.map((values, i) => tf.tensor(values, shapes[i] as number[]));
    const y = f(...tensors);
    y.dataSync().forEach((value, i) => void expect(value).toBeCloseTo(expectedY[i] as number, 2));
    tf.grads(f)(tensors, tf.tensor(weights, y.shape)).forEach((gradient, which) => {
      const expected = finiteDifferences(plain, inputs, which, weights);
      expect(gradient.size).toBe(expected.length);
      gradient.dataSync().forEach((value, i) => void expect(value).toBeCloseTo(expected[i] as number, 2));
    });
  });
}

const windows: { window: Pair; strides: Pair; dilations: Pair; pad: 'same' | 'valid'; times: number }[] = [
  { window: [3, 3], strides: [1, 1], dilations: [1, 1], pad: 'same', times: 1 },
  { window: [3, 3], strides: [2, 2], dilations: [1, 1], pad: 'same', times: 1 },
  { window: [3, 3], strides: [1, 1], dilations: [2, 2], pad: 'same', times: 2 },
  // Strides and dilations together, which tfjs's cpu backend refuses.
  { window: [3, 2], strides: [2, 3], dilations: [2, 2], pad: 'same', times: 1 },
  { window: [3, 3], strides: [2, 2], dilations: [3, 1], pad: 'same', times: 1 },
  { window: [2, 4], strides: [1, 2], dilations: [1, 1], pad: 'valid', times: 3 },
];

describe('gradients equal finite differences', () => {
  test.each(windows)('of a depthwise convolution: %o', async ({ window, strides, dilations, pad, times }) => {
    await installKernels(binaryOf('simd'));
    const shapes: [Shape4, Shape4] = [
      [2, 6, 5, 5],
      [...window, 5, times],
    ];
    const info = tf.backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, undefined, true);
    const f = (x?: tf.Tensor, filter?: tf.Tensor) =>
      // The kernel that layers run: tfjs refuses gradients of dilated depthwise convolutions.
      tf
        .engine()
        .runKernel(
          tf.FusedDepthwiseConv2D,
          { x: x as tf.Tensor, filter: filter as tf.Tensor },
          { strides, pad, dataFormat: 'NHWC', dilations, activation: 'linear' },
        ) as tf.Tensor;
    expectGradients(f, plainDepthwise(info), shapes);
  });

  test.each(windows.filter(({ times }) => times === 1))('of poolings: %o', async ({ window, strides, pad }) => {
    await installKernels(binaryOf('simd'));
    const shape: Shape4 = [2, 6, 5, 5];
    const info = tf.backend_util.computePool2DInfo(shape, window, strides, 1, pad);
    expectGradients((x) => tf.maxPool(x as tf.Tensor4D, window, strides, pad), plainMaxPool(info), [shape]);
    expectGradients((x) => tf.avgPool(x as tf.Tensor4D, window, strides, pad), plainAvgPool(info), [shape]);
  });

  test('of gathering along the first and the second axis', async () => {
    await installKernels(binaryOf('simd'));
    const places = [3, 0, 3, 3, 1];
    const rows: PlainFunction = ([x = []]) => places.flatMap((p) => x.slice(p * 6, p * 6 + 6));
    expectGradients((x) => tf.gather(x as tf.Tensor, tf.tensor1d(places, 'int32')), rows, [[4, 6]]);
    const columns: PlainFunction = ([x = []]) => [0, 1].flatMap((row) => places.map((p) => x[row * 4 + p] as number));
    expectGradients((x) => tf.gather(x as tf.Tensor, tf.tensor1d(places, 'int32'), 1), columns, [[2, 4]]);
  });
});

test('windows wholly in the padding, and NaN, give what the cpu backend gives', async () => {
  await installKernels(binaryOf('simd'));
  const above = [
    [0, 0],
    [3, 0],
    [0, 0],
    [0, 0],
  ] as tf.backend_util.ExplicitPadding as unknown as number;
  const results: number[][] = [];
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    const row = tf.tidy(() => {
      const x = tf.tensor4d([1, Number.NaN, 3, -4, 5, Number.NaN], [1, 2, 3, 1]);
      return [tf.maxPool(x, [2, 2], 1, above), tf.avgPool(x, [2, 2], 1, above)].flatMap((y) => [...y.dataSync()]);
    });
    results.push(row);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[0]).toContain(Number.NEGATIVE_INFINITY);
});

test('a rounding mode reaches the gradient of a pooling', async () => {
  await installKernels(binaryOf('simd'));
  const info = tf.backend_util.computePool2DInfo([1, 6, 6, 3], 3, 2, 1, 0, 'ceil');
  expect(info.outShape).toEqual([1, 3, 3, 3]);
  const shapes = [[1, 6, 6, 3]];
  expectGradients((x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 0, 'ceil'), plainMaxPool(info), shapes);
  expectGradients((x) => tf.avgPool(x as tf.Tensor4D, 3, 2, 0, 'ceil'), plainAvgPool(info), shapes);
});

test('an index out of range is named by tfjs', async () => {
  await installKernels(binaryOf('simd'));
  tf.tidy(() => {
    const x = tf.ones([3, 2]);
    expect(() => tf.gather(x, tf.tensor1d([0, 3], 'int32'))).toThrow('the index value 3 is not in [0, 2]');
    expect(() => tf.gather(x, tf.tensor1d([-1], 'int32'))).toThrow('the index value -1 is not in [0, 2]');
  });
});

test('the number of parts changes no bit of a sum', async () => {
  const results = () =>
    tf.tidy(() => {
      const random = seededRandom(SEED);
      const floats = (shape: number[]) => tf.tensor(Float32Array.from({ length: sizeOf(shape) }, random), shape);
      const [x, filter] = [floats([4, 25, 9, 24]) as tf.Tensor4D, floats([3, 3, 24, 1]) as tf.Tensor4D];
      const places = tf.tensor1d([3, 1, 3, 3, 0, 1, 3], 'int32');
      const conv = (f: tf.Tensor) => tf.depthwiseConv2d(x, f as tf.Tensor4D, 1, 'same');
      const strided = (f: tf.Tensor) => tf.depthwiseConv2d(x, f as tf.Tensor4D, 2, 'same');
      const sums = [tf.grad(conv)(filter), tf.grad(strided)(filter), tf.unsortedSegmentSum(floats([7, 65]), places, 4)];
      return sums.map((sum) => [...sum.dataSync()]);
    });
  const all: number[][][] = [];
  for (const parts of [1, 2, 5]) {
    cutInto(parts);
    await installKernels(binaryOf('relaxed'));
    all.push(results());
  }
  expect(all[1]).toEqual(all[0]);
  expect(all[2]).toEqual(all[0]);
});
