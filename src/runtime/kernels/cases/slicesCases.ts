// Random cases of slices, splits, concatenations, transpositions and paddings.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const shapes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
/** Numbers in [0, 1) that a shape turns into places inside it. */
const fractions = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 6, maxLength: 6 });

interface Attrs {
  readonly shape: readonly number[];
  readonly fractions: readonly number[];
}

const attrs = fc.record({ shape: shapes, fractions });
const at = ({ fractions: given }: Attrs, i: number, below: number) => Math.floor((given[i] ?? 0) * below);
const plan = { attrs, inputShapes: ({ shape }: Attrs) => [shape], depth: () => 1 };

const sliceCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.Slice,
  run(one, [x]) {
    const begin = x.shape.map((length, i) => at(one, i, length));
    const size = x.shape.map((length, i) => 1 + at(one, 5 - i, length - (begin[i] as number)));
    return tf.slice(x, begin, size);
  },
});

const splitCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.SplitV,
  run(one, [x]) {
    const axis = at(one, 0, x.rank);
    const doubled = tf.concat([x, x, tf.neg(x)], axis);
    const parts = tf.split(doubled, 3, axis);
    return tf.concat([parts[2] as tf.Tensor, parts[0] as tf.Tensor], axis);
  },
});

const concatCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.Concat,
  run(one, [x]) {
    const axis = at(one, 0, x.rank);
    const begin = x.shape.map((length, i) => (i === axis ? at(one, 1, length) : 0));
    return tf.concat([x, tf.slice(x, begin, -1 as never), tf.neg(x)], axis);
  },
});

const transposeCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.Transpose,
  run(one, [x]) {
    const order = x.shape.map((_, i) => i).sort((a, b) => at(one, a, 100) - at(one, b, 100) || a - b);
    return tf.transpose(x, order);
  },
});

const padCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.PadV2,
  run: (one, [x]) =>
    tf.pad(
      x,
      x.shape.map((_, i) => [at(one, i, 3), at(one, 5 - i, 4)] as [number, number]),
      at(one, 5, 3),
    ),
});

export const slicesCases: readonly KernelCases[] = [sliceCases, splitCases, concatCases, transposeCases, padCases];
