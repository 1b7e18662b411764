import { LimbeckError } from '../../../core/errors.ts';
import type { NamedArrays } from '../../../core/shape.ts';
import { isTagged } from '../../../core/tags.ts';
import type { Patch } from '../../../student/patch/patch.ts';
import { patchFromBytes } from '../../../student/patch/patchFile.ts';
import type { ProfileSpend } from '../privacy.ts';
import type { Archive } from './archive.ts';
import { type Binding, bindingOf, checkHash } from './binding.ts';
import { readExample } from './journal.ts';
import { checkSpend } from './ledger.ts';
import { isExampleKey, isSpendKey, isVersionKey, markOf, numberOf } from './places.ts';
import { ifDamage, isTexts, packRecord, readRecord, readValue, recordError } from './record.ts';
import { readVersion, type VersionHead } from './versions.ts';

/** What a profile's file holds. */
export interface ProfileFile {
  readonly binding: Binding;
  /** The sound ones by key. */
  readonly examples: ReadonlyMap<string, FileExample>;
  /** The oldest first. */
  readonly versions: readonly FileVersion[];
  /** Key of the version that predicts; null is the base. */
  readonly current: string | null;
  readonly considered: readonly string[];
  /** What learning had spent where the file was made, by key. */
  readonly spent: ReadonlyMap<string, ProfileSpend>;
}

export interface FileExample {
  /** As they lie in a store. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly arrays: NamedArrays;
}

export interface FileVersion {
  readonly key: string;
  readonly head: VersionHead;
  readonly patch: Patch;
}

const WHAT = 'The profile’s file';

/** A profile as one file: a record whose parts are the profile's own records. */
export async function writeProfileFile({ store, places, ledger, read }: Archive): Promise<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const state = await read();
    const versions = state.versions.map(({ key }) => key);
    const keys = [
      places.binding,
      ...state.examples.map((key) => places.examples + key),
      ...versions.map((key) => places.versions + key),
    ];
    const values = await Promise.all(keys.map((key) => readValue(store, key)));
    if (values[0] === undefined) throw recordError('The profile', 'it was destroyed');
    const parts = values.filter((value) => value !== undefined);
    // The file must not contain what another tab deleted meanwhile.
    const after = await read();
    const isSame = parts.length === values.length && state.examples.every((key) => after.examples.includes(key));
    if (!isSame) continue;
    const spent = (await ledger.entries(state.spent)).map(({ key, spend }) => ({ key, ...spend }));
    const head = {
      ...(spent.length > 0 && { spent }),
      examples: state.examples,
      versions,
      current: state.current?.key ?? null,
      considered: state.isDue ? [] : state.examples,
    };
    return packRecord('file', head, parts);
  }
}

/**
 * Trusts nothing in a file: one that contradicts itself is refused as a whole, before anything is written.
 * Throws    profile-invalid · patch-invalid: no file of a profile, damaged, or at odds with itself · patch-mismatch: a
 *           version of another base · invalid-option: no bytes
 */
export async function readProfileFile(bytes: Uint8Array): Promise<ProfileFile> {
  if (!isTagged(bytes, 'Uint8Array')) {
    throw new LimbeckError('invalid-option', `importBytes takes a Uint8Array; it was given ${String(bytes)}.`);
  }
  const { head, parts } = await readRecord(bytes, 'file', WHAT);
  const { examples, versions, current, considered, spent = [] } = head;
  const isWhole =
    isTexts(examples) &&
    isTexts(versions) &&
    isTexts(considered) &&
    examples.every(isExampleKey) &&
    versions.every(isVersionKey) &&
    parts.length === 1 + examples.length + versions.length;
  if (!isWhole) throw recordError(WHAT, 'its parts are not those of a profile');
  const named = new Set(examples);
  const isOnce = named.size === examples.length && new Set(versions.map(markOf)).size === versions.length;
  if (!isOnce) throw recordError(WHAT, 'it holds an example or a version twice');
  if (!considered.every((key) => named.has(key))) throw recordError(WHAT, 'it considered examples that it has not');
  if (current !== null && !versions.some((key) => key === current)) {
    throw recordError(WHAT, 'the version that predicts is not in it');
  }
  const [binding, ...rest] = parts as [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]];
  const bound = await bindingOf(binding, WHAT);
  const sound = new Map<string, FileExample>();
  for (const [i, key] of examples.entries()) {
    const bytes = rest[i] as Uint8Array<ArrayBuffer>;
    // Examples that were damaged when exported are no reason to refuse the rest.
    const read = await readExample(bytes, key).catch(ifDamage);
    if (read !== undefined) sound.set(key, { bytes, arrays: read.arrays });
  }
  const read: FileVersion[] = [];
  for (const [i, key] of versions.entries()) {
    const version = await readFileVersion(rest[examples.length + i] as Uint8Array<ArrayBuffer>, key, named, bound);
    if (version.head.exampleKeys.every((example) => sound.has(example))) read.push(version);
  }
  return {
    binding: bound,
    examples: sound,
    versions: read,
    current: current as string | null,
    considered,
    spent: readSpent(spent),
  };
}

function readSpent(list: unknown): Map<string, ProfileSpend> {
  const read = new Map<string, ProfileSpend>();
  for (const one of Array.isArray(list) ? list : [undefined]) {
    const { key } = Object(one) as { key?: unknown };
    const isKey = typeof key === 'string' && isSpendKey(key) && !read.has(key);
    if (!isKey) throw recordError(WHAT, 'what it says was spent is nothing of the kind');
    read.set(key, checkSpend(one, WHAT));
  }
  return read;
}

async function readFileVersion(
  bytes: Uint8Array<ArrayBuffer>,
  key: string,
  named: ReadonlySet<string>,
  { base }: Binding,
): Promise<FileVersion> {
  const what = `Version ${numberOf(key)} of the profile’s file`;
  const { head, patch: patchBytes } = await readVersion(bytes, key);
  const patch = await patchFromBytes(patchBytes);
  checkHash(patch.base, base, what);
  const { exampleKeys, classes } = head;
  if (new Set(exampleKeys).size !== exampleKeys.length || !exampleKeys.every((one) => named.has(one))) {
    throw recordError(what, 'it learned from examples that the file has not, or from one twice');
  }
  const isClasses = new Set(classes).size === classes.length && classes.length === (patch.classes ?? classes.length);
  if (!isClasses || classes.includes(''))
    throw recordError(what, 'its classes are not those that its patch tells apart');
  return { key, head, patch };
}
