import { LimbeckError } from '../../../core/errors.ts';
import type { NamedArrays } from '../../../core/shape.ts';
import type { Store } from '../../../storage/store.ts';
import type { KeptExample } from '../profile.ts';
import { checkSegment, idOf, isExampleKey, newExampleKey, type Places, timeOf } from './places.ts';
import { arraysFromParts, arraysToParts, isDamage, packRecord, readRecord, readValue, recordError } from './record.ts';

/** An example as it lies in the store. */
export interface JournalEntry extends KeptExample {
  readonly key: string;
}

/** An example with its arrays, each a batch of one. */
export interface JournalExample extends JournalEntry {
  readonly label: string;
  readonly arrays: NamedArrays;
}

/**
 * The examples of a profile: one key each, never overwritten, so that tabs add without asking each other and no
 * acknowledged example is lost in a crash.
 */
export interface Journal {
  /** Resolves with the new example's id once it is in the store. */
  add(label: string, arrays: NamedArrays, id?: string): Promise<string>;
  /** Those of `keys` that are there, in the order in which they were made. */
  entries(keys: readonly string[]): Promise<JournalEntry[]>;
  /** Those of `keys` that can be read, with their arrays. */
  read(keys: readonly string[]): Promise<JournalExample[]>;
}

export function openJournal(
  store: Store,
  places: Places,
  options: {
    /** Keys of all examples that count. */
    readonly keys: () => Promise<readonly string[]>;
    /** Throws where the profile is not there any more. */
    readonly checkThere: () => Promise<void>;
    readonly onNotice: (sentence: string) => void;
  },
): Journal {
  /** A key's value never changes, so it is read once; a damaged one may be repaired, even by another tab. */
  const known = new Map<string, JournalEntry>();

  async function load(key: string): Promise<JournalEntry | JournalExample | undefined> {
    const bytes = await readValue(store, places.examples + key);
    if (bytes === undefined) {
      known.delete(key);
      return undefined;
    }
    const entry = { key, id: idOf(key), timeMs: timeOf(key), bytes: bytes.byteLength };
    try {
      const { label, arrays } = await readExample(bytes, key);
      known.set(key, { ...entry, label });
      return { ...entry, label, arrays };
    } catch (error) {
      if (!isDamage(error)) throw error;
      options.onNotice(`${error.message} It is left out; forget("${entry.id}") removes it.`);
      known.delete(key);
      return { ...entry, label: undefined };
    }
  }

  async function entries(keys: readonly string[]): Promise<JournalEntry[]> {
    const found = await Promise.all(keys.map((key) => known.get(key) ?? load(key)));
    return found.filter((entry) => entry !== undefined);
  }

  return {
    async add(label, arrays, id) {
      await options.checkThere();
      if (id !== undefined) {
        checkSegment(id, 'example’s id');
        const same = (await options.keys()).filter((key) => idOf(key) === id);
        const [there] = await entries(same);
        if (there?.label === label) return id;
        if (there !== undefined) throw idTaken(id, there.label, label);
      }
      const key = newExampleKey(id);
      await store.put(places.examples + key, await packExample(label, arrays));
      try {
        await options.checkThere();
      } catch (error) {
        // Another tab has destroyed the profile: nothing of it may stay.
        await store.delete(places.examples + key).catch(() => undefined);
        throw error;
      }
      return idOf(key);
    },
    entries,
    async read(keys) {
      const found = await Promise.all(keys.map(load));
      return found.filter((one): one is JournalExample => one !== undefined && 'arrays' in one);
    },
  };
}

/** The keys of examples among those of a profile. */
export function exampleKeys(keys: readonly string[], { examples }: Places): string[] {
  return keys
    .filter((key) => key.startsWith(examples))
    .map((key) => key.slice(examples.length))
    .filter(isExampleKey);
}

export function packExample(label: string, arrays: NamedArrays): Promise<Uint8Array<ArrayBuffer>> {
  const { specs, parts } = arraysToParts(arrays);
  return packRecord('example', { label, arrays: specs }, parts);
}

/** Throws    profile-invalid: damaged */
export async function readExample(bytes: Uint8Array, key: string): Promise<{ label: string; arrays: NamedArrays }> {
  const what = `The example "${idOf(key)}"`;
  const { head, parts } = await readRecord(bytes, 'example', what);
  const { label, arrays } = head;
  if (typeof label !== 'string' || label === '' || !Array.isArray(arrays)) {
    throw recordError(what, 'it has no label or no arrays');
  }
  return { label, arrays: arraysFromParts(arrays, parts, what) };
}

function idTaken(id: string, label: string | undefined, given: string): LimbeckError {
  const is = label === undefined ? 'damaged' : `labelled "${label}"`;
  return new LimbeckError(
    'invalid-option',
    `The example "${id}" is there already and is ${is}; it was given again with "${given}". An id names one example: ` +
      `forget("${id}") first, or choose another id.`,
    { details: { id, label, given } },
  );
}
