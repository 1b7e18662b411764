import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';

/** Names and probabilities of the classes, for each example of a batch. */
export interface Labelled {
  /** The most probable class of each example. */
  readonly labels: readonly string[];
  /** [B, C]. */
  readonly probabilities: NdArray;
}

/** Rows whose sum is this close to 1 are probabilities already. */
const SUM_TOLERANCE = 1e-3;

/**
 * Labels and probabilities from `logits`, or from the first output with one number for each class. Rows that are
 * probabilities already stay as they are; for others it is the softmax. Undefined if no output has one number for each label.
 */
export function labelled(outputs: NamedArrays, labels: readonly string[]): Labelled | undefined {
  const isOfClasses = ({ shape }: NdArray) => shape.length === 2 && shape[1] === labels.length;
  const candidates = Object.entries(outputs).filter(([, output]) => isOfClasses(output));
  const chosen = candidates.find(([name]) => name === DEFAULT_OUTPUT) ?? candidates[0];
  if (chosen === undefined || labels.length === 0) return undefined;
  const { data, shape } = chosen[1];
  const width = labels.length;
  const rows = Array.from({ length: shape[0] as number }, (_, i) => data.subarray(i * width, (i + 1) * width));
  const isDone = rows.every(
    (row) => row.every((value) => value >= 0 && value <= 1) && Math.abs(sum(row) - 1) < SUM_TOLERANCE,
  );
  const probabilities = new Float32Array(data.length);
  for (const [i, row] of rows.entries()) probabilities.set(isDone ? row : softmax(row), i * width);
  return {
    labels: rows.map((row) => labels[argMax(row, 0, width)] as string),
    probabilities: { data: probabilities, shape: [...shape] },
  };
}

function sum(row: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < row.length; i++) total += row[i] as number;
  return total;
}

function softmax(row: ArrayLike<number>): Float32Array {
  const most = row[argMax(row, 0, row.length)] as number;
  const powers = Float64Array.from(row, (value) => Math.exp(value - most));
  const total = sum(powers);
  return Float32Array.from(powers, (power) => power / total);
}
