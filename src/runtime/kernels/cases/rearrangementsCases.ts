// Random cases of reversing, repeating, stacking and unstacking.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const attrs = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
  /** Numbers in [0, 1) that a shape turns into axes and counts. */
  fractions: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 5, maxLength: 5 }),
});

interface Attrs {
  readonly shape: readonly number[];
  readonly fractions: readonly number[];
}

const at = ({ fractions }: Attrs, i: number, below: number) => Math.floor((fractions[i] ?? 0) * below);
const plan = { attrs, inputShapes: ({ shape }: Attrs) => [shape], depth: () => 1 };

const reverseCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.Reverse,
  run(one, [x]) {
    const axes = x.shape.map((_, i) => i).filter((i) => at(one, i, 2) === 1);
    return tf.reverse(x, axes);
  },
});

const tileCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.Tile,
  run: (one, [x]) =>
    tf.tile(
      x,
      x.shape.map((_, i) => 1 + at(one, i, 3)),
    ),
});

const packCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.Pack,
  run: (one, [x]) => tf.stack([x, tf.neg(x), x], at(one, 0, x.rank + 1)),
});

const unpackCases = casesOf<Attrs>({
  ...plan,
  kernelName: tf.Unpack,
  run(one, [x]) {
    const parts = tf.unstack(x, at(one, 0, x.rank));
    return tf.stack([...parts].reverse());
  },
});

export const rearrangementsCases: readonly KernelCases[] = [reverseCases, tileCases, packCases, unpackCases];
