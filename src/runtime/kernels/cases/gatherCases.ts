// Random cases of gathering slices and of its gradient, the sum by segments.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import { casesOf, type Inputs, type KernelCases } from './randomCases.ts';

/** Up to three numbers before the axis and behind it, so that slices of 0 to some hundred vectors occur. */
const lengths = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 });
const sliceShape = fc.oneof(lengths, fc.constantFrom([5], [16], [17], [64], [66], [128], [3, 43], [300]));
const count = fc.integer({ min: 1, max: 40 });

/** Whole numbers in [least, least + range) from values in [-4, 4]: the random inputs are floats. */
function wholeOf(values: tf.Tensor, least: number, range: number): tf.Tensor1D {
  const spread = [...values.dataSync()].map((value, i) => least + (Math.floor((value + 4) * 7919 + i * 31) % range));
  return tf.tensor1d(spread, 'int32');
}

interface GatherAttrs {
  readonly batches: readonly number[];
  readonly outer: readonly number[];
  readonly length: number;
  readonly indices: readonly number[];
  readonly slice: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

const gatherCasesOfOne = casesOf<GatherAttrs>({
  kernelName: tf.GatherV2,
  attrs: fc
    .record({
      batches: fc.constantFrom([], [], [1], [3], [2, 2]),
      outer: lengths,
      length: count,
      indices: fc.constantFrom([], [1], [7], [2, 5], [33]),
      slice: sliceShape,
      dtype: fc.constantFrom('float32' as const, 'int32' as const),
    })
    .filter((attrs) => sizeOf([...attrs.batches, ...attrs.outer, attrs.length, ...attrs.slice]) <= 20_000)
    .filter((attrs) => sizeOf([...attrs.batches, ...attrs.outer, ...attrs.indices, ...attrs.slice]) <= 20_000),
  inputShapes: ({ batches, outer, length, indices, slice }) => [
    [...batches, ...outer, length, ...slice],
    [...batches, ...indices],
  ],
  depth: () => 1,
  run({ batches, outer, length, dtype }, [x, places]) {
    const indices = tf.reshape(wholeOf(places, 0, length), places.shape);
    return tf.gather(tf.cast(x, dtype), indices, batches.length + outer.length, batches.length);
  },
});

interface SegmentAttrs {
  readonly rows: number;
  readonly slice: readonly number[];
  readonly segments: number;
}

function segmentIds({ segments }: SegmentAttrs, [, places]: Inputs): tf.Tensor1D {
  // Some lie one beside the range, where they must count nowhere.
  return wholeOf(places, -1, segments + 2);
}

const segmentSumCases = casesOf<SegmentAttrs>({
  kernelName: tf.UnsortedSegmentSum,
  attrs: fc
    .record({ rows: count, slice: sliceShape, segments: fc.oneof(count, fc.constantFrom(1, 2, 200)) })
    .filter(({ rows, slice, segments }) => rows * sizeOf(slice) * segments <= 100_000),
  inputShapes: ({ rows, slice }) => [[rows, ...slice], [rows]],
  depth: ({ rows }) => rows,
  run: (attrs, inputs) => tf.unsortedSegmentSum(inputs[0], segmentIds(attrs, inputs), attrs.segments),
});

export const gatherCases: readonly KernelCases[] = [gatherCasesOfOne, segmentSumCases];
