import { LimbeckError } from '../core/errors.ts';
import { formatShape, isSameShape, type NdArray } from '../core/shape.ts';
import { LEAST_PROBABILITY } from './read.ts';

/** The logarithm of each probability, which counts as `least` at the least. */
export function logOfProbs({ data, shape }: NdArray, least = LEAST_PROBABILITY): NdArray {
  const logs = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) logs[i] = Math.log(Math.max(data[i] as number, least));
  return { data: logs, shape };
}

/** Σ wᵢ · xᵢ, value by value; the weights add up to 1. Throws    shape-mismatch */
export function meanOf(
  arrays: readonly NdArray[],
  weights: readonly number[],
  output: string,
  members: readonly string[],
): NdArray {
  const shape = sharedShape(arrays, output, members);
  const sums = new Float64Array(arrays[0]?.data.length ?? 0);
  for (const [i, { data }] of arrays.entries()) {
    const weight = weights[i] as number;
    for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) + weight * (data[at] as number);
  }
  return { data: Float32Array.from(sums), shape };
}

/**
 * log Σ wᵢ · softmax(xᵢ) over the last dimension; finite wherever the logits are. Throws    shape-mismatch
 */
export function logMeanProbs(
  arrays: readonly NdArray[],
  weights: readonly number[],
  output: string,
  members: readonly string[],
): NdArray {
  const shape = sharedShape(arrays, output, members);
  const classes = shape.at(-1) ?? 1;
  const size = arrays[0]?.data.length ?? 0;
  const result = new Float32Array(size);
  // Row by row: the largest term of each sum first, then the sum of what is e times smaller.
  const terms = new Float64Array(arrays.length * classes);
  for (let row = 0; row < size; row += classes) {
    for (let i = 0; i < arrays.length; i++) {
      const { data } = arrays[i] as NdArray;
      const shift = Math.log(weights[i] as number) - logSumExp(data, row, classes);
      for (let c = 0; c < classes; c++) terms[i * classes + c] = (data[row + c] as number) + shift;
    }
    for (let c = 0; c < classes; c++) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let at = c; at < terms.length; at += classes) largest = Math.max(largest, terms[at] as number);
      let sum = 0;
      for (let at = c; at < terms.length; at += classes) sum += Math.exp((terms[at] as number) - largest);
      result[row + c] = largest + Math.log(sum);
    }
  }
  return { data: result, shape };
}

function logSumExp(data: ArrayLike<number>, from: number, count: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + count; i++) largest = Math.max(largest, data[i] as number);
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += Math.exp((data[i] as number) - largest);
  return largest + Math.log(sum);
}

function sharedShape(arrays: readonly NdArray[], output: string, members: readonly string[]): readonly number[] {
  const shape = arrays[0]?.shape ?? [];
  const i = arrays.findIndex((array) => !isSameShape(array.shape, shape));
  if (i < 0) return shape;
  throw new LimbeckError(
    'shape-mismatch',
    `"${output}" of ${members[i]} is ${formatShape(arrays[i]?.shape ?? [])}, that of ${members[0]} ` +
      `${formatShape(shape)}. Members of an ensemble must agree; bring them to one shape with "read".`,
    { details: { output, member: i, given: arrays[i]?.shape, needed: shape } },
  );
}
