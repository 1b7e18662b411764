// Random cases of clones: also of a value whose first name is gone.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface CloneAttrs {
  readonly shape: readonly number[];
  readonly isDisposed: boolean;
}

export const identityCases: readonly KernelCases[] = [
  casesOf<CloneAttrs>({
    kernelName: tf.Identity,
    attrs: fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
      isDisposed: fc.boolean(),
    }),
    inputShapes: ({ shape }) => [shape],
    depth: () => 1,
    run({ isDisposed }, [x]) {
      const clone = tf.clone(x);
      if (isDisposed) x.dispose();
      // A value that was freed would be overwritten by this one.
      tf.onesLike(clone);
      return clone;
    },
  }),
];
