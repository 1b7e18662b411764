import { sizeOf } from '../../core/shape.ts';
import type { WeightChange } from './patch.ts';

/**
 * What a change adds to each value of its weight, in doubles and always in the same order, so that the bits are the
 * same everywhere.
 * Shapes    'added' delta; 'low-rank' left [R, rank] · right [rank, C] → as many values as `shape` has
 */
export function addedBy(change: WeightChange): Float64Array {
  if (change.kind === 'added') return Float64Array.from(change.delta);
  const { shape, rank, left, right } = change;
  const columns = shape.at(-1) as number;
  const sums = new Float64Array(sizeOf(shape));
  for (let row = 0; row * columns < sums.length; row++) {
    for (let q = 0; q < rank; q++) {
      const factor = left[row * rank + q] as number;
      for (let c = 0; c < columns; c++) {
        (sums[row * columns + c] as number) += factor * (right[q * columns + c] as number);
      }
    }
  }
  return sums;
}

/** A change widened to more columns, for more classes: it adds zero to the new ones. */
export function withColumns<C extends WeightChange>(change: C, columns: number): C {
  const former = change.shape.at(-1) ?? 1;
  if (former === columns) return change;
  const shape = [...change.shape.slice(0, -1), columns];
  if (change.kind === 'added') return { ...change, shape, delta: widened(change.delta, former, columns) };
  return { ...change, shape, right: widened(change.right, former, columns) };
}

function widened(values: Float32Array, former: number, columns: number): Float32Array {
  const wide = new Float32Array((values.length / former) * columns);
  for (let row = 0; row * former < values.length; row++) {
    wide.set(values.subarray(row * former, (row + 1) * former), row * columns);
  }
  return wide;
}
