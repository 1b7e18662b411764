// Random cases of casts: to the same type, of truths to numbers, and of whole numbers to floats.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface CastAttrs {
  readonly shape: number[];
  readonly types: readonly ['float32' | 'int32' | 'bool', 'float32' | 'int32'];
}

const length = fc.constantFrom(1, 2, 3, 4, 5, 15, 16, 17, 33);

const cases = casesOf<CastAttrs>({
  kernelName: tf.Cast,
  attrs: fc.record({
    shape: fc.array(length, { minLength: 1, maxLength: 3 }),
    types: fc.constantFrom<CastAttrs['types']>(
      ['float32', 'float32'],
      ['int32', 'int32'],
      ['int32', 'float32'],
      ['bool', 'float32'],
      ['bool', 'int32'],
    ),
  }),
  inputShapes: ({ shape }) => [shape],
  depth: () => 1,
  run: ({ types: [from, to] }, [x]) => tf.cast(from === 'bool' ? tf.greater(x, 0) : tf.cast(x, from), to),
});

export const castCases: readonly KernelCases[] = [cases];
