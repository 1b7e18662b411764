// Random cases of tensors of one number, of ranges, and of ones at places.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const length = fc.constantFrom(1, 2, 3, 4, 5, 15, 16, 17, 33, 67);
const shape = fc.array(length, { maxLength: 2 });
const dtype = fc.constantFrom<'float32' | 'int32'>('float32', 'int32');

export const fillCases: readonly KernelCases[] = [
  casesOf({
    kernelName: tf.Fill,
    attrs: fc.record({ shape, value: fc.constantFrom(0, 1, -2, 7), dtype }),
    inputShapes: () => [],
    depth: () => 0,
    run: (attrs) => tf.fill(attrs.shape, attrs.value, attrs.dtype),
  }),
  ...[tf.ZerosLike, tf.OnesLike].map((kernelName) =>
    casesOf({
      kernelName,
      attrs: fc.record({ shape, dtype }),
      inputShapes: (attrs) => [attrs.shape],
      depth: () => 0,
      run: (attrs, [x]) => (kernelName === tf.ZerosLike ? tf.zerosLike : tf.onesLike)(tf.cast(x, attrs.dtype)),
    }),
  ),
  casesOf({
    kernelName: tf.Range,
    attrs: fc.record({
      start: fc.integer({ min: -50, max: 50 }),
      step: fc.constantFrom(1, 2, 3, -1, -2),
      count: fc.integer({ min: 1, max: 70 }),
      isCut: fc.boolean(),
      dtype,
    }),
    inputShapes: () => [],
    depth: () => 0,
    run: ({ start, step, count, isCut, ...attrs }) => {
      // The last step may be cut short.
      const stop = start + step * count - (isCut ? Math.sign(step) * (Math.abs(step) - 1) : 0);
      return tf.range(start, stop, step, attrs.dtype);
    },
  }),
  casesOf({
    kernelName: tf.OneHot,
    attrs: fc.record({ shape, depth: fc.integer({ min: 2, max: 20 }), dtype }),
    inputShapes: (attrs) => [attrs.shape],
    depth: () => 0,
    run: ({ depth, ...attrs }, [x]) => tf.oneHot(tf.cast(x, 'int32'), depth, 1, 0, attrs.dtype),
  }),
];
