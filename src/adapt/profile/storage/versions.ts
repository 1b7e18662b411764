import type { Store } from '../../../storage/store.ts';
import type { Patch } from '../../../student/patch/patch.ts';
import { patchFromBytes, patchToBytes } from '../../../student/patch/patchFile.ts';
import type { VersionPrivacy } from '../privacy.ts';
import type { LearnReport, ProfileVersion } from '../profile.ts';
import { idOf, numberOf, type Places } from './places.ts';
import { isDamage, isPlain, isTexts, packRecord, readRecord, readValue, recordError } from './record.ts';

/** A version as it lies in the store. */
export interface StoredVersion extends ProfileVersion {
  readonly key: string;
  /** Of the examples that it was learned from. */
  readonly exampleKeys: readonly string[];
}

/** What a version stores besides its patch. */
export interface VersionHead {
  readonly timeMs: number;
  readonly exampleKeys: readonly string[];
  readonly classes: readonly string[];
  readonly report: LearnReport;
  readonly privacy?: VersionPrivacy;
}

/** The finished patches of a profile: one key each, never overwritten. */
export interface Versions {
  /** Those of `keys` that are there and sound, in their order. */
  read(keys: readonly string[]): Promise<StoredVersion[]>;
  /** Throws    profile-invalid: damaged; it is left out from then on */
  patch(key: string): Promise<Patch>;
  write(key: string, head: VersionHead, patch: Patch): Promise<StoredVersion>;
}

export function openVersions(
  store: Store,
  places: Places,
  base: string,
  onNotice: (sentence: string) => void,
): Versions {
  /** A key's value never changes, so it is read once; a damaged one may be repaired, even by another tab. */
  const known = new Map<string, StoredVersion>();
  /** Sound records with unusable patches. */
  const unusable = new Set<string>();
  let loaded: { readonly key: string; readonly patch: Patch } | undefined;

  async function load(key: string): Promise<StoredVersion | 'damaged' | undefined> {
    const bytes = await readValue(store, places.versions + key);
    if (bytes === undefined) return undefined;
    try {
      if (unusable.has(key)) return 'damaged';
      const version = storedVersion(key, (await readVersion(bytes, key)).head, bytes.byteLength);
      known.set(key, version);
      return version;
    } catch (error) {
      return damage(key, error);
    }
  }

  function damage(key: string, error: unknown): 'damaged' {
    if (!isDamage(error)) throw error;
    onNotice(`${error.message} It is left out of the history.`);
    known.delete(key);
    return 'damaged';
  }

  async function usable(bytes: Uint8Array, key: string): Promise<Patch> {
    unusable.add(key);
    const patch = await patchFromBytes(bytes);
    if (patch.base !== base) throw recordError(nameOf(key), 'what it changes is another base');
    unusable.delete(key);
    return patch;
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
        loaded = { key, patch: await usable(patch, key) };
      } catch (error) {
        damage(key, error);
        throw error;
      }
      return loaded.patch;
    },
    async write(key, head, patch) {
      const bytes = await packVersion(head, await patchToBytes(patch));
      await store.put(places.versions + key, bytes);
      unusable.delete(key);
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
  const { timeMs, exampleKeys, classes, report = {}, privacy } = head as Partial<VersionHead>;
  const [patch] = parts;
  const isWhole = isTexts(exampleKeys) && isTexts(classes) && Number.isFinite(timeMs) && isPlain(report);
  if (patch === undefined || !isWhole) throw recordError(what, 'parts are missing');
  // A version without examples could not be forgotten with any of them; it is not used, and is deleted with the first.
  if (exampleKeys.length === 0) throw recordError(what, 'it does not say which examples it learned from');
  const told = privacy === undefined ? {} : { privacy: readPrivacy(privacy) };
  return { head: { timeMs: timeMs as number, exampleKeys, classes, report, ...told }, patch };
}

/** JSON has no infinity. */
function readPrivacy({ epsilon, delta, totalEpsilon }: { [Name in keyof VersionPrivacy]: unknown }): VersionPrivacy {
  const numberOr = (value: unknown, other: number) => (typeof value === 'number' ? value : other);
  const infinite = Number.POSITIVE_INFINITY;
  return {
    epsilon: numberOr(epsilon, infinite),
    delta: numberOr(delta, 0),
    totalEpsilon: numberOr(totalEpsilon, infinite),
  };
}

function storedVersion(key: string, head: VersionHead, bytes: number): StoredVersion {
  return { ...head, key, number: numberOf(key), examples: head.exampleKeys.map(idOf), bytes };
}

function nameOf(key: string): string {
  return `Version ${numberOf(key)}`;
}
