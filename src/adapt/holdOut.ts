import { derivedSeed, permutation, seededRandom } from '../core/random.ts';

/** A class of fewer examples gives none away. */
const LEAST_EXAMPLES = 3;

/**
 * Which examples are held out: the same part of each class, one at least, chosen by the seed. Classes of one or two
 * examples keep theirs.
 */
export function holdOut(labels: Int32Array, fraction: number, seed: number): { learned: Int32Array; held: Int32Array } {
  const random = seededRandom(derivedSeed(seed, 'holdout'));
  const held = new Set<number>();
  for (const label of new Set(labels)) {
    const own = Array.from(labels.keys()).filter((i) => labels[i] === label);
    const count = own.length < LEAST_EXAMPLES || fraction === 0 ? 0 : Math.max(1, Math.round(fraction * own.length));
    for (const at of permutation(own.length, random).subarray(0, Math.min(count, own.length - 1))) {
      held.add(own[at] as number);
    }
  }
  const all = Int32Array.from(labels.keys());
  return { learned: all.filter((i) => !held.has(i)), held: all.filter((i) => held.has(i)) };
}
