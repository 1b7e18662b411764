import type { NdArray } from '../../core/shape.ts';
import { rowOf } from '../examples.ts';

/** Where the classes lie in a space of features. */
export interface ClassMeans {
  /** Of each class, [F]; zeros where it has no example. */
  readonly means: readonly Float64Array[];
  readonly counts: readonly number[];
  /** Of one feature around the mean of its class, over all classes and features; above 0. */
  readonly variance: number;
}

/** Over the first `labels.length` rows of features [N, F]. */
export function classMeans(features: NdArray, labels: Int32Array, classes: number): ClassMeans {
  const length = features.shape[1] as number;
  const means = Array.from({ length: classes }, () => new Float64Array(length));
  const counts = new Array<number>(classes).fill(0);
  for (const [i, label] of labels.entries()) {
    const [mean, row] = [means[label] as Float64Array, rowOf(features, i)];
    const count = (counts[label] as number) + 1;
    counts[label] = count;
    for (let f = 0; f < length; f++) mean[f] = (mean[f] as number) + ((row[f] as number) - (mean[f] as number)) / count;
  }
  return { means, counts, variance: varianceWithin(features, labels, means, counts) };
}

/** Within classes; if each has one example, half of the mean square between examples replaces it. */
function varianceWithin(
  features: NdArray,
  labels: Int32Array,
  means: readonly Float64Array[],
  counts: readonly number[],
): number {
  const length = features.shape[1] as number;
  const known = counts.filter((count) => count > 0).length;
  const freedom = labels.length - known;
  const all = classCentre(means, counts, length);
  let squares = 0;
  for (const [i, label] of labels.entries()) {
    const centre = freedom > 0 ? (means[label] as Float64Array) : all;
    const row = rowOf(features, i);
    for (let f = 0; f < length; f++) squares += ((row[f] as number) - (centre[f] as number)) ** 2;
  }
  return squares / (Math.max(1, freedom > 0 ? freedom : labels.length - 1) * length) || 1;
}

function classCentre(means: readonly Float64Array[], counts: readonly number[], length: number): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  return Float64Array.from({ length }, (_, f) =>
    means.reduce((sum, mean, c) => sum + ((counts[c] as number) * (mean[f] as number)) / total, 0),
  );
}

/** The mean of a class without some examples of it; it has others. */
export function meanWithout(
  { means, counts }: ClassMeans,
  rows: readonly ArrayLike<number>[],
  label: number,
): Float64Array {
  const count = counts[label] as number;
  const without = (sum: number, f: number) => rows.reduce((rest, row) => rest - (row[f] as number), sum);
  return (means[label] as Float64Array).map((value, f) => without(count * value, f) / (count - rows.length));
}
