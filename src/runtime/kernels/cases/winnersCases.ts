// Random cases of the largest and smallest values, and of where they lie.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';
import { axes, type ReductionAttrs, reductionAttrs } from './reductionCases.ts';

const extremes = [
  [tf.Max, tf.max],
  [tf.Min, tf.min],
] as const;

interface RowsAttrs {
  readonly rows: readonly number[];
  readonly columns: number;
  readonly most: number;
}

const rowsAttrs: fc.Arbitrary<RowsAttrs> = fc
  .record({
    rows: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 2 }),
    columns: fc.constantFrom(1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 100),
    most: fc.integer({ min: 1, max: 64 }),
  })
  .map((attrs) => ({ ...attrs, most: Math.min(attrs.most, attrs.columns) }));

const inputShapes = ({ rows, columns }: RowsAttrs) => [[...rows, columns]];

export const winnersCases: readonly KernelCases[] = [
  ...extremes.map(([kernelName, find]) =>
    casesOf<ReductionAttrs>({
      kernelName,
      // The sizes of long sums are of no interest here.
      attrs: reductionAttrs.filter(({ shape }) => sizeOf(shape) <= 10_000),
      inputShapes: ({ shape }) => [shape],
      depth: () => 0,
      run: (of, [x]) => find(x, axes(of), of.keepDims),
    }),
  ),
  casesOf<RowsAttrs>({
    kernelName: tf.ArgMax,
    attrs: rowsAttrs,
    inputShapes,
    depth: () => 0,
    run: (_, [x]) => tf.argMax(x, -1),
  }),
  casesOf<RowsAttrs>({
    kernelName: tf.TopK,
    attrs: rowsAttrs,
    inputShapes,
    depth: () => 0,
    run({ most }, [x]) {
      const { values, indices } = tf.topk(x, most);
      return tf.concat([values, tf.cast(indices, 'float32')], -1);
    },
  }),
];
