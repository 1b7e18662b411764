import type { NdArray } from '../core/shape.ts';
import { takeTurns } from '../core/turns.ts';
import { type AllExamples, rowOf } from './examples.ts';
import { classMeans, meanWithout } from './head/classMeans.ts';

/** What is odd about the labels of some examples. */
export interface LabelFindings {
  /**
   * Groups of examples that are equal, bit for bit, with different labels. None of them is learned from, except in a
   * private run, where an example's fate must not depend on another.
   */
  readonly contradictions: readonly (readonly number[])[];
  /** Examples that lie much nearer to the mean of another class than to that of their own; they are learned from. */
  readonly outliers: readonly LabelOutlier[];
}

/** An example at odds with the others of its class. */
export interface LabelOutlier {
  readonly example: number;
  readonly label: number;
  /** The class whose mean is nearest. */
  readonly nearest: number;
}

/** An example is odd if its own mean is this many times farther, in squared distance. */
const FARTHER = 2;
/** The mean of a class with fewer examples cannot be trusted. */
const LEAST_EXAMPLES = 3;

/** Groups of equal examples with different labels, or sequences where there are any. Throws    AbortError */
export async function contradictionsIn(
  { inputs, labels, sequences, size }: AllExamples,
  signal: AbortSignal,
): Promise<number[][]> {
  const turn = takeTurns(signal);
  const groups = new Map<string, number[]>();
  const arrays = Object.values(inputs);
  for (let i = 0; i < size; i++) {
    await turn();
    const key = arrays.map((array) => keyOf(rowOf(array, i))).join(' ');
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const truthOf = (i: number) => (sequences ? rowOf(sequences, i).join() : labels?.[i]);
  const isMixed = (group: readonly number[]) => new Set(group.map(truthOf)).size > 1;
  // Two rows of one key may still differ: the key is short.
  return [...groups.values()].filter((group) => group.length > 1 && isMixed(group) && areEqual(arrays, group));
}

/**
 * Examples at odds with the others of their class, each judged without itself.
 * Shapes    features [N, F], labels [N]
 * Throws    AbortError
 */
export async function outliersIn(
  features: NdArray,
  labels: Int32Array,
  classes: number,
  signal: AbortSignal,
): Promise<LabelOutlier[]> {
  const all = classMeans(features, labels, classes);
  const turn = takeTurns(signal);
  const outliers: LabelOutlier[] = [];
  for (const [example, label] of labels.entries()) {
    if ((all.counts[label] as number) < LEAST_EXAMPLES) continue;
    await turn();
    const row = rowOf(features, example);
    let [nearest, least] = [label, Number.POSITIVE_INFINITY];
    for (const [c, mean] of all.means.entries()) {
      if (c === label || (all.counts[c] as number) < LEAST_EXAMPLES) continue;
      const distance = squaredTo(mean, row, least);
      if (distance < least) [nearest, least] = [c, distance];
    }
    const own = squaredTo(meanWithout(all, [row], label), row);
    if (own > FARTHER * least) outliers.push({ example, label, nearest });
  }
  return outliers;
}

/** Squared distance, or some number of at least `enough`. */
function squaredTo(mean: Float64Array, row: ArrayLike<number>, enough = Number.POSITIVE_INFINITY): number {
  let sum = 0;
  for (let f = 0; f < mean.length && sum < enough; f++) sum += ((mean[f] as number) - (row[f] as number)) ** 2;
  return sum;
}

/** A number for the values of a row, by FNV-1a over their bits: four bytes at a time, where they lie so. */
function keyOf(row: NdArray['data']): number {
  const { buffer, byteOffset, byteLength } = row;
  const isEven = byteOffset % 4 === 0 && byteLength % 4 === 0;
  const words = isEven
    ? new Uint32Array(buffer, byteOffset, byteLength / 4)
    : new Uint8Array(buffer, byteOffset, byteLength);
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
  return hash >>> 0;
}

function areEqual(arrays: readonly NdArray[], [first = 0, ...others]: readonly number[]): boolean {
  return others.every((other) =>
    arrays.every((array) => {
      const [a, b] = [rowOf(array, first), rowOf(array, other)];
      return a.every((value, i) => value === b[i]);
    }),
  );
}
