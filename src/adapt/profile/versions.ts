import type { Store } from '../../storage/store.ts';
import type { Patch } from '../../student/patch.ts';
import { patchFromBytes, patchToBytes } from '../../student/patchFile.ts';
import { idOf, numberOf, type Places } from './places.ts';
import type { LearnReport, ProfileVersion } from './profile.ts';
import { isDamage, isTexts, packRecord, readRecord, readValue, recordError } from './record.ts';

/** A version as it lies in the store. */
export interface StoredVersion extends ProfileVersion {
  readonly key: string;
  /** Of the examples that it was learned from. */
  readonly exampleKeys: readonly string[];
}

/** What a version says of itself besides its patch. */
export interface VersionHead {
  readonly timeMs: number;
  readonly exampleKeys: readonly string[];
  readonly classes: readonly string[];
  readonly report: LearnReport;
}

/** The finished patches of a profile: one key each, never overwritten. */
export interface Versions {
  /** Those of `keys` that are there and sound, in their order. */
  read(keys: readonly string[]): Promise<StoredVersion[]>;
  /** Throws    profile-invalid: damaged; it is left out from then on */
  patch(key: string): Promise<Patch>;
  write(key: string, head: VersionHead, patch: Patch): Promise<StoredVersion>;
}

export function openVersions(store: Store, places: Places, onNotice: (sentence: string) => void): Versions {
  const known = new Map<string, StoredVersion | 'damaged'>();
  let loaded: { readonly key: string; readonly patch: Patch } | undefined;

  async function load(key: string): Promise<StoredVersion | 'damaged' | undefined> {
    const bytes = await readValue(store, places.versions + key);
    if (bytes === undefined) return undefined;
    const version = await readVersion(bytes, key)
      .then(({ head }) => storedVersion(key, head, bytes.byteLength))
      .catch((error: unknown) => damage(key, error));
    known.set(key, version);
    return version;
  }

  function damage(key: string, error: unknown): 'damaged' {
    if (!isDamage(error)) throw error;
    onNotice(`${error.message} It is left out of the history.`);
    known.set(key, 'damaged');
    return 'damaged';
  }

  return {
    async read(keys) {
      const found = await Promise.all(keys.map((key) => known.get(key) ?? load(key)));
      return found.filter((version) => version !== undefined && version !== 'damaged');
    },
    async patch(key) {
      if (loaded?.key === key) return loaded.patch;
      const bytes = await readValue(store, places.versions + key);
      const what = nameOf(key);
      if (bytes === undefined) throw recordError(what, 'it was deleted');
      try {
        const { patch } = await readVersion(bytes, key);
        loaded = { key, patch: await patchFromBytes(patch) };
      } catch (error) {
        damage(key, error);
        throw error;
      }
      return loaded.patch;
    },
    async write(key, head, patch) {
      const bytes = await packVersion(head, await patchToBytes(patch));
      await store.put(places.versions + key, bytes);
      const version = storedVersion(key, head, bytes.byteLength);
      known.set(key, version);
      loaded = { key, patch };
      return version;
    },
  };
}

export function packVersion(head: VersionHead, patch: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return packRecord('version', head, [patch]);
}

/** Throws    profile-invalid: damaged */
export async function readVersion(
  bytes: Uint8Array,
  key: string,
): Promise<{ head: VersionHead; patch: Uint8Array<ArrayBuffer> }> {
  const what = nameOf(key);
  const { head, parts } = await readRecord(bytes, 'version', what);
  const { timeMs, exampleKeys, classes, report } = head as Partial<VersionHead>;
  const [patch] = parts;
  if (patch === undefined || !isTexts(exampleKeys) || !isTexts(classes)) throw recordError(what, 'parts are missing');
  return { head: { timeMs: Number(timeMs), exampleKeys, classes, report: report ?? {} }, patch };
}

function storedVersion(key: string, head: VersionHead, bytes: number): StoredVersion {
  return { ...head, key, number: numberOf(key), examples: head.exampleKeys.map(idOf), bytes };
}

function nameOf(key: string): string {
  return `Version ${numberOf(key)}`;
}
