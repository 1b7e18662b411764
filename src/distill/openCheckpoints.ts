import { canonicalJson } from '../core/canonicalJson.ts';
import { messageOf } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { isTagged } from '../core/tags.ts';
import { type CheckpointOptions, readCheckpoints } from '../train/parts/checkpoints/checkpoints.ts';
import type { RunState } from '../train/state.ts';
import type { EpochRecord } from './report.ts';
import { type KeptRun, packRun, unpackRun } from './runStateFile.ts';

/** A run's place among the checkpoints of a store. */
export interface Checkpoints {
  /** Undefined if there is none of this run, or it is damaged. */
  recall(): Promise<KeptRun | undefined>;
  keep(state: RunState, epochs: readonly EpochRecord[]): Promise<void>;
  /** Removes it: the run is complete. */
  remove(): Promise<void>;
}

const PREFIX = 'checkpoints/';
/** Of runs that were given up; the oldest make room. */
const MOST_OTHERS = 7;

/**
 * @param what all that the run depends on, as plain values and bytes
 * @param tell hears what went wrong: a run whose state cannot be kept goes on
 */
export async function openCheckpoints(
  options: CheckpointOptions,
  what: object,
  tell: (notice: string) => void,
): Promise<Checkpoints> {
  const { store } = readCheckpoints(options);
  const name = (await sha256(new TextEncoder().encode(canonicalJson(await withHashes(what))))).slice(0, 32);
  // With its date before, so that the order of the keys is that of their age.
  const ownKeys = async () => (await store.keys(PREFIX)).filter((key) => key.endsWith(`-${name}`));
  let isTold = false;
  return {
    async recall() {
      const key = (await ownKeys()).at(-1);
      const bytes = key === undefined ? undefined : await store.get(key);
      const run = bytes && (await unpackRun(bytes));
      if (bytes !== undefined && run === undefined) tell('The checkpoint of this run is damaged, so it begins anew.');
      return run;
    },
    async keep(state, epochs) {
      try {
        const before = await ownKeys();
        await store.put(
          `${PREFIX}${new Date().toISOString().replaceAll(':', '')}-${name}`,
          await packRun({ state, epochs }),
        );
        const others = (await store.keys(PREFIX)).filter((key) => !key.endsWith(`-${name}`));
        const dropped = others.slice(0, Math.max(0, others.length - MOST_OTHERS));
        for (const key of [...before, ...dropped]) await store.delete(key);
      } catch (error) {
        if (!isTold) tell(`The run's state could not be kept, so it would begin anew: ${messageOf(error)}`);
        isTold = true;
      }
    },
    async remove() {
      try {
        for (const key of await ownKeys()) await store.delete(key);
      } catch (error) {
        tell(`The run is complete, but its checkpoint could not be removed: ${messageOf(error)}`);
      }
    },
  };
}

/** The same with bytes replaced by what they hash to. */
async function withHashes(value: unknown): Promise<unknown> {
  if (isTagged(value, 'ArrayBuffer')) return sha256(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return sha256(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (Array.isArray(value)) return Promise.all(value.map(withHashes));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([name, inner]) => [name, await withHashes(inner)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
