// Convolutions that tfjs makes of others: they need no kernels, but their gradients must come out right.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import { beginOnWasm, levels, readBinaries, SEED } from '../cases/binaryCases.ts';
import { casesOf } from '../cases/randomCases.ts';
import { installKernels } from '../install.ts';

const binaryOf = readBinaries();
beginOnWasm();

const few = fc.integer({ min: 1, max: 3 });
const side = fc.integer({ min: 5, max: 13 });
const channels = fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 17);
const pad = fc.constantFrom<'same' | 'valid'>('same', 'valid');

/** The result and, undilated (tfjs's cpu backend has no others), all gradients, in one row. */
function withGradients(f: (...xs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], dy: tf.Tensor, isDilated: boolean) {
  const y = f(...inputs);
  const weights = tf.reshape(tf.slice(tf.reshape(dy, [-1]), 0, y.size), y.shape);
  const gradients = isDilated ? [] : tf.grads(f)(inputs, weights);
  return tf.concat([y, ...gradients].map((tensor) => tf.reshape(tensor, [-1])));
}

const conv1d = casesOf({
  kernelName: 'conv1d',
  attrs: fc.record({
    images: few,
    length: side,
    channels,
    out: channels,
    window: few,
    stride: few,
    dilation: few,
    pad,
  }),
  inputShapes: (a) => [
    [a.images, a.length, a.channels],
    [a.window, a.channels, a.out],
    [a.images, a.length, a.out],
  ],
  depth: (a) => Math.max(a.window * Math.max(a.channels, a.out), a.images * a.length),
  run(a, [input, weights, dy]) {
    const dilation = a.stride === 1 ? a.dilation : 1;
    const f = (x?: tf.Tensor, filter?: tf.Tensor) =>
      tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, a.stride, a.pad, 'NWC', dilation);
    return withGradients(f, [input, weights], dy, dilation > 1);
  },
});

const separableConv2d = casesOf({
  kernelName: 'separableConv2d',
  attrs: fc.record({
    images: few,
    size: fc.tuple(side, side),
    channels,
    times: few,
    out: channels,
    window: fc.tuple(few, few),
    stride: few,
    dilation: few,
    pad,
  }),
  inputShapes: (a) => [
    [a.images, ...a.size, a.channels],
    [...a.window, a.channels, a.times],
    [1, 1, a.channels * a.times, a.out],
    [a.images, ...a.size, a.out],
  ],
  // The second sum is over values that are sums themselves.
  depth: (a) => 4 * Math.max(sizeOf(a.window) * a.channels * a.times * a.out, a.images * sizeOf(a.size)),
  run(a, [input, depthwise, pointwise, dy]) {
    const dilation = a.stride === 1 ? a.dilation : 1;
    const f = (x?: tf.Tensor, first?: tf.Tensor, second?: tf.Tensor) =>
      tf.separableConv2d(x as tf.Tensor4D, first as tf.Tensor4D, second as tf.Tensor4D, a.stride, a.pad, dilation);
    return withGradients(f, [input, depthwise, pointwise], dy, dilation > 1);
  },
});

const conv2dTranspose = casesOf({
  kernelName: 'conv2dTranspose',
  attrs: fc.record({
    images: few,
    size: fc.tuple(side, side),
    channels,
    out: channels,
    window: fc.tuple(few, few),
    stride: few,
  }),
  inputShapes: (a) => [
    [a.images, ...a.size, a.channels],
    [...a.window, a.out, a.channels],
    [a.images, ...a.size.map((length) => length * a.stride), a.out],
  ],
  depth: (a) => Math.max(sizeOf(a.window) * Math.max(a.channels, a.out), a.images * sizeOf(a.size) * a.stride ** 2),
  run(a, [input, weights, dy]) {
    const shape = dy.shape as [number, number, number, number];
    const f = (x?: tf.Tensor, filter?: tf.Tensor) =>
      tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, shape, a.stride, 'same');
    return withGradients(f, [input, weights], dy, false);
  },
});

describe.each(levels)('on the %s binary', (level) => {
  test.each([conv1d, separableConv2d, conv2dTranspose])(
    '$kernelName and its gradients are those of the cpu backend',
    async ({ check }) => {
      await installKernels(binaryOf(level));
      const tensorsBefore = tf.memory().numTensors;
      expect((await check(100, SEED + levels.indexOf(level))).failures).toEqual([]);
      expect(tf.memory().numTensors).toBe(tensorsBefore);
    },
  );
});
