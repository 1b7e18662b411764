import { sha256Bytes } from '../../core/hash.ts';
import { derivedSeed, permutation, seededRandom } from '../../core/random.ts';
import type { SecretKey } from '../../core/secretKey.ts';
import { bytesOf } from '../../core/secretRandom.ts';
import { takeTurns } from '../../core/turns.ts';
import { joinWeights } from '../../student/weightBytes.ts';
import { type AllExamples, rowOf } from '../examples.ts';

/** By number. */
export interface Parts {
  readonly learned: Int32Array;
  readonly held: Int32Array;
}

/** Classes of fewer examples keep all of theirs. */
const LEAST_EXAMPLES = 3;

/**
 * Which examples are held out: the same part of each class, at least one, chosen by the seed. Classes of one or two
 * examples keep theirs.
 */
export function holdOut(labels: Int32Array, fraction: number, seed: number): Parts {
  const random = seededRandom(derivedSeed(seed, 'holdout'));
  const held = new Set<number>();
  for (const label of new Set(labels)) {
    const own = Array.from(labels.keys()).filter((i) => labels[i] === label);
    const count = own.length < LEAST_EXAMPLES || fraction === 0 ? 0 : Math.max(1, Math.round(fraction * own.length));
    for (const at of permutation(own.length, random).subarray(0, Math.min(count, own.length - 1))) {
      held.add(own[at] as number);
    }
  }
  return partsBy(labels.length, (i) => held.has(i));
}

/**
 * Each example is held out with that probability, by a hash of its own inputs under a key, so that the others do not matter
 * and equal examples lie on the same side. Throws    AbortError
 */
export async function holdOutByContent(
  { inputs, size }: AllExamples,
  fraction: number,
  key: SecretKey,
  signal?: AbortSignal,
): Promise<Parts> {
  const turn = takeTurns(signal);
  const arrays = Object.keys(inputs)
    .sort()
    .flatMap((name) => inputs[name] ?? []);
  const held: boolean[] = [];
  for (let i = 0; i < size; i++) {
    await turn();
    const rows = arrays.map((array) => rowOf(array, i));
    const bytes = [bytesOf(key), ...rows.map((row) => new Uint8Array(row.buffer, row.byteOffset, row.byteLength))];
    const hash = await sha256Bytes(new Uint8Array(joinWeights(bytes)));
    held.push(new DataView(hash.buffer).getUint32(0) / 2 ** 32 < fraction);
  }
  return partsBy(size, (i) => held[i] as boolean);
}

function partsBy(size: number, isHeld: (i: number) => boolean): Parts {
  const all = Int32Array.from({ length: size }, (_, i) => i);
  return { learned: all.filter((i) => !isHeld(i)), held: all.filter(isHeld) };
}
