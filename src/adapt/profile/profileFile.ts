import { LimbeckError } from '../../core/errors.ts';
import type { Store } from '../../storage/store.ts';
import type { Patch } from '../../student/patch.ts';
import { patchFromBytes } from '../../student/patchFile.ts';
import { type Binding, bindingOf } from './binding.ts';
import { readExample } from './journal.ts';
import { isExampleKey, isVersionKey, type Places } from './places.ts';
import { isTexts, packRecord, readRecord, readValue, recordError } from './record.ts';
import type { State } from './state.ts';
import { readVersion, type VersionHead } from './versions.ts';

/** What a profile's file holds. */
export interface ProfileFile {
  readonly binding: Binding;
  /** Values by key. */
  readonly examples: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** The oldest first. */
  readonly versions: readonly FileVersion[];
  /** Key of the version that predicts; null is the base. */
  readonly current: string | null;
  readonly considered: readonly string[];
}

export interface FileVersion {
  readonly key: string;
  readonly head: VersionHead;
  readonly patch: Patch;
}

const WHAT = 'The profile’s file';

/** A profile as one file: a record whose parts are the profile's own records. */
export async function writeProfileFile(
  store: Store,
  places: Places,
  read: () => Promise<State>,
): Promise<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const state = await read();
    const versions = state.versions.map(({ key }) => key);
    const keys = [places.binding, ...state.examples.map((key) => places.examples + key)];
    keys.push(...versions.map((key) => places.versions + key));
    const values = await Promise.all(keys.map((key) => readValue(store, key)));
    if (values[0] === undefined) throw recordError('The profile', 'it was destroyed');
    const parts = values.filter((value) => value !== undefined);
    // What another tab has deleted meanwhile must not leave with the file.
    const after = await read();
    const isSame = parts.length === values.length && state.examples.every((key) => after.examples.includes(key));
    if (!isSame) continue;
    const head = {
      examples: state.examples,
      versions,
      current: state.current?.key ?? null,
      considered: state.isDue ? [] : state.examples,
    };
    return packRecord('file', head, parts);
  }
}

/** Throws    profile-invalid · patch-invalid: no file of a profile, or damaged · invalid-option: no bytes */
export async function readProfileFile(bytes: Uint8Array): Promise<ProfileFile> {
  if (!(bytes instanceof Uint8Array)) {
    throw new LimbeckError('invalid-option', `importBytes takes a Uint8Array; it was given ${String(bytes)}.`);
  }
  const { head, parts } = await readRecord(bytes, 'file', WHAT);
  const { examples, versions, current, considered } = head;
  const isWhole =
    isTexts(examples) &&
    isTexts(versions) &&
    isTexts(considered) &&
    examples.every(isExampleKey) &&
    versions.every(isVersionKey) &&
    parts.length === 1 + examples.length + versions.length;
  if (!isWhole) throw recordError(WHAT, 'its parts are not those of a profile');
  const [binding, ...rest] = parts as [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]];
  const exampleOf = new Map(examples.map((key, i) => [key, rest[i] as Uint8Array<ArrayBuffer>]));
  // Damaged ones were left out where they were exported, so they are no reason to refuse the rest.
  for (const [key, value] of exampleOf) await readExample(value, key).catch(() => exampleOf.delete(key));
  const read: FileVersion[] = [];
  for (const [i, key] of versions.entries()) {
    const { head: said, patch } = await readVersion(rest[examples.length + i] as Uint8Array, key);
    read.push({ key, head: said, patch: await patchFromBytes(patch) });
  }
  return {
    binding: await bindingOf(binding, WHAT),
    examples: exampleOf,
    versions: read.filter((version) => version.head.exampleKeys.every((key) => exampleOf.has(key))),
    current: typeof current === 'string' ? current : null,
    considered,
  };
}
