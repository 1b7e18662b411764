// Random cases of sums, means and their gradient.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import { matrixAttrs } from './normalizationCases.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

export interface ReductionAttrs {
  readonly shape: readonly number[];
  /** The summed axes: all from `first` on, up to but without `last`. */
  readonly first: number;
  readonly last: number;
  readonly keepDims: boolean;
  /** Axes in whatever order, counted from the end. */
  readonly isBackwards: boolean;
}

/** Long sums and rows of every width, then tensors of a few axes. */
const shape = fc.oneof(
  matrixAttrs.map(({ rows, columns }) => [rows, columns]),
  fc.tuple(matrixAttrs, fc.integer({ min: 1, max: 40 })).map(([{ rows, columns }, outer]) => [outer, rows, columns]),
  fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 }),
  fc.constantFrom([40_000], [3, 50_000], [33_000, 3], [70_000, 1], [2, 1, 33_000]),
);
const VALUE_BUDGET = 150_000;

export const reductionAttrs: fc.Arbitrary<ReductionAttrs> = fc
  .record({ shape, ends: fc.tuple(fc.nat(5), fc.nat(5)), keepDims: fc.boolean(), isBackwards: fc.boolean() })
  .map(({ shape: lengths, ends, ...rest }) => {
    const [first, last] = ends.map((end) => Math.min(end, lengths.length)).sort() as [number, number];
    return { shape: lengths, first, last, ...rest };
  })
  .filter(({ shape: lengths }) => sizeOf(lengths) <= VALUE_BUDGET);

export function axes({ shape: lengths, first, last, isBackwards }: ReductionAttrs): number[] {
  const list = [...lengths.keys()].slice(first, last);
  return isBackwards ? list.map((axis) => axis - lengths.length).reverse() : list;
}

function depth({ shape: lengths, first, last }: ReductionAttrs): number {
  return sizeOf(lengths.slice(first, last));
}

const inputShapes = (of: ReductionAttrs) => [of.shape];

const sumCases = casesOf<ReductionAttrs>({
  kernelName: tf.Sum,
  attrs: reductionAttrs,
  inputShapes,
  depth,
  run: (of, [x]) => tf.sum(x, axes(of), of.keepDims),
});

const meanCases = casesOf<ReductionAttrs>({
  kernelName: tf.Mean,
  attrs: reductionAttrs,
  inputShapes,
  // The cpu backend divides before it adds, so each summand is rounded; means are as large as one value.
  depth: () => 16,
  isFallback: () => true,
  run: (of, [x]) => tf.mean(x, axes(of), of.keepDims),
});

const broadcastCases = casesOf<ReductionAttrs & { readonly isMean: boolean }>({
  kernelName: 'Broadcast',
  attrs: fc.tuple(reductionAttrs, fc.boolean()).map(([of, isMean]) => ({ ...of, isMean })),
  inputShapes: ({ shape: lengths, first, last, keepDims }) => [
    lengths,
    lengths.flatMap((length, i) => (i < first || i >= last ? [length] : keepDims ? [1] : [])),
  ],
  depth: () => 0,
  // A scale is multiplied by here, and divided by there.
  isFallback: ({ isMean }) => isMean,
  run(of, [x, dy]) {
    const reduce = (of.isMean ? tf.mean : tf.sum) as typeof tf.sum;
    return tf.grad((value) => reduce(value, axes(of), of.keepDims))(x, dy);
  },
});

export const reductionCases: readonly KernelCases[] = [sumCases, meanCases, broadcastCases];
