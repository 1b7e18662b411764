import type { NdArray } from '../core/shape.ts';
import { greedyLabel } from '../core/text/decodeCtc.ts';
import { UNLABELLED } from '../data/dataset.ts';
import { type LessonSequences, rowOf } from './examples.ts';

/** The sequence of an example, without what stands behind its end. */
export function sequenceAt({ rows }: LessonSequences, i: number): Int32Array {
  const row = rowOf(rows, i) as Int32Array;
  const end = row.indexOf(UNLABELLED);
  return end < 0 ? row : row.subarray(0, end);
}

/** What is read of each example, greedily. Shapes    logits [N, T, C] → N sequences */
export function readingsOf({ data, shape }: NdArray, blank: number): (readonly number[])[] {
  const [count = 0, time = 0, classes = 0] = shape;
  return Array.from({ length: count }, (_, i) => {
    return greedyLabel(data, { offset: i * time * classes, time, classes, blank }).classes;
  });
}

/** The same as rows [N, T], −1 behind the end of each: no reading is longer than its steps. */
export function readRows(logits: NdArray, blank: number): NdArray {
  const [count = 0, time = 0] = logits.shape;
  const data = new Int32Array(count * time).fill(UNLABELLED);
  for (const [i, read] of readingsOf(logits, blank).entries()) data.set(read, i * time);
  return { data, shape: [count, time] };
}
