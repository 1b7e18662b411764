// Random cases of casts to the same type.
import fc from 'fast-check';
import * as tf from '../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const cases = casesOf<{ shape: number[] }>({
  kernelName: tf.Cast,
  attrs: fc.record({ shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }) }),
  inputShapes: ({ shape }) => [shape],
  depth: () => 1,
  run: (_attrs, [x]) => tf.cast(x, 'float32'),
});

export const castCases: readonly KernelCases[] = [cases];
