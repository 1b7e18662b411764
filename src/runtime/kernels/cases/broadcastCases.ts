// Random cases of the functions of two tensors and of sums of several.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

export interface PairAttrs {
  /** Lengths of the axes, and for each which of the operands has it (the other has one value there). */
  readonly axes: readonly { readonly length: number; readonly owner: 'both' | 'a' | 'b' }[];
  /** Whether an operand leaves its leading axes of length 1 out. */
  readonly isShort: boolean;
}

const functions: readonly [string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor][] = [
  [tf.Add, tf.add],
  [tf.Sub, tf.sub],
  [tf.Multiply, tf.mul],
  // Not by zero, where the results are no numbers to compare.
  [tf.RealDiv, (a, b) => tf.div(a, tf.add(b, 5.5))],
  [tf.Maximum, tf.maximum],
  [tf.Minimum, tf.minimum],
  [tf.SquaredDifference, tf.squaredDifference],
  // A root of what is not negative.
  [tf.Pow, (a, b) => tf.pow(tf.add(tf.abs(a), 0.25), b)],
];

const owner = fc.constantFrom<'both' | 'a' | 'b'>('both', 'both', 'a', 'b');
const length = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33);

/** At most three runs of axes of one owner, which is what the kernel walks. */
export const pairAttrs: fc.Arbitrary<PairAttrs> = fc.record({
  axes: fc
    .array(fc.record({ length, owner }), { maxLength: 4 })
    .filter((axes) => axes.filter((axis, i) => i === 0 || axis.owner !== axes[i - 1]?.owner).length <= 3)
    .filter((axes) => axes.reduce((count, axis) => count * axis.length, 1) <= 5000),
  isShort: fc.boolean(),
});

export function shapesOf({ axes, isShort }: PairAttrs): number[][] {
  return (['a', 'b'] as const).map((operand) => {
    const shape = axes.map((axis) => (axis.owner === 'both' || axis.owner === operand ? axis.length : 1));
    const isLeading = (i: number) => shape.slice(0, i + 1).every((size) => size === 1);
    return isShort ? shape.filter((_, i) => !isLeading(i)) : shape;
  });
}

const pairs = functions.map(([kernelName, compute]) =>
  casesOf<PairAttrs>({
    kernelName,
    attrs: pairAttrs,
    inputShapes: shapesOf,
    depth: () => 4,
    run: (_, [a, b]) => compute(a, b),
  }),
);

const addNCases = casesOf<{ readonly count: number; readonly size: number }>({
  kernelName: tf.AddN,
  attrs: fc.record({ count: fc.integer({ min: 1, max: 8 }), size: length }),
  inputShapes: ({ count, size }) => Array.from({ length: count }, () => [size, 3]),
  depth: ({ count }) => count,
  run: (_, inputs) => tf.addN([...inputs]),
});

export const broadcastCases: readonly KernelCases[] = [...pairs, addNCases];
