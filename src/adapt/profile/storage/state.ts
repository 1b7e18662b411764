import { damagedAmong } from '../../../storage/damage.ts';
import type { Store } from '../../../storage/store.ts';
import { exampleKeys } from './journal.ts';
import { isSpendKey, isVersionKey, numberOf, type Places } from './places.ts';
import { isDamage, isTexts, packRecord, readRecord, readValue, recordError } from './record.ts';
import type { StoredVersion, Versions } from './versions.ts';

/** Which version predicts; written in one piece, so that a crash leaves the old head or the new one. */
export interface Head {
  /** Key of a version; null is the base. */
  readonly current: string | null;
  /** Finished versions, the oldest first. Others in the store are leftovers of a crash. */
  readonly versions: readonly string[];
  /** The highest number ever given. */
  readonly last: number;
  /** Examples that the last learning or rollback knew: they need no learning. */
  readonly considered: readonly string[];
  /** The last finished import. */
  readonly imported?: string;
  /** Keys of all that was spent by then, so that a lost one is noticed. */
  readonly spent?: readonly string[];
}

/** The state of a profile at one moment. */
export interface State {
  readonly head: Head;
  /** Keys of the examples. */
  readonly examples: readonly string[];
  /** Finished versions that can be read and whose examples are all still there, the oldest first. */
  readonly versions: readonly StoredVersion[];
  /** Undefined where the base predicts. */
  readonly current: StoredVersion | undefined;
  /** Keys of versions that a crash left unfinished, or whose examples are not all there. */
  readonly leftovers: readonly string[];
  /** Keys of finished versions that cannot be read. */
  readonly damaged: readonly string[];
  /** Keys of what learning has spent, present or missing. */
  readonly spent: readonly string[];
  /** Keys in the store of teachers' answers. */
  readonly answers: readonly string[];
  /** Whether there is something to learn. */
  readonly isDue: boolean;
}

const EMPTY: Head = { current: null, versions: [], last: 0, considered: [] };

/**
 * Reads a profile's state. A deleted example invalidates the versions that saw it: so one deletion is enough to forget, in
 * every tab; everything else only tidies up.
 */
export async function readState(
  store: Store,
  places: Places,
  versions: Versions,
  onNotice: (sentence: string) => void,
): Promise<State> {
  const adding = await addedByImport(store, places);
  const { keys, headBytes } = await keysAndHead(store, places);
  const found = keysIn(keys, places.versions).filter(isVersionKey);
  const head = await readHead(
    headBytes,
    found.filter((key) => !adding.versions.has(key)),
    onNotice,
  );
  // Once the head says that an import was finished, its additions count, tidied up or not.
  const isAdding = adding.id !== head.imported;
  const listed = exampleKeys(keys, places).filter((key) => !(isAdding && adding.examples.has(key)));
  const spentThere = keysIn(keys, places.spent).filter(
    (key) => isSpendKey(key) && !(isAdding && adding.spent.has(key)),
  );
  const there = await withDamaged(store, places.versions, found, head.versions);
  const finishedKeys = there.filter((key) => head.versions.includes(key));
  const finished = await versions.read(finishedKeys);
  const known = [...head.considered, ...finished.flatMap((version) => version.exampleKeys)];
  const examples = await withDamaged(store, places.examples, listed, known);
  const kept = new Set(examples);
  const valid = finished.filter((version) => version.exampleKeys.every((key) => kept.has(key)));
  const current = currentOf(head, valid);
  const considered = new Set(head.considered);
  const isLost = head.current !== null && current?.key !== head.current;
  return {
    head,
    examples,
    versions: valid,
    current,
    leftovers: there.filter(
      (key) => !finishedKeys.includes(key) || (finished.some(isOf(key)) && !valid.some(isOf(key))),
    ),
    damaged: finishedKeys.filter((key) => !finished.some(isOf(key))),
    answers: keys.filter((key) => key.startsWith(places.answers)),
    spent: [...new Set([...spentThere, ...(head.spent ?? [])])],
    isDue: examples.length > 0 && (isLost || examples.some((key) => !considered.has(key))),
  };
}

function keysIn(keys: readonly string[], folder: string): string[] {
  return keys.filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length));
}

/**
 * The listed keys, and the known keys that are not listed because they are damaged: unreadable is not forgotten.
 */
async function withDamaged(store: Store, folder: string, listed: readonly string[], known: readonly string[]) {
  const there = new Set(listed);
  const missing = [...new Set(known)].filter((key) => !there.has(key)).map((key) => folder + key);
  const damaged = await damagedAmong(store, missing);
  return damaged.length === 0 ? listed : [...listed, ...damaged.map((key) => key.slice(folder.length))].sort();
}

/** Keys and head of one moment: otherwise another tab's learning could be half seen. */
async function keysAndHead(
  store: Store,
  places: Places,
): Promise<{ keys: string[]; headBytes: Uint8Array | undefined }> {
  let before = await readValue(store, places.head);
  for (;;) {
    const keys = await store.keys(places.folder);
    const headBytes = await readValue(store, places.head);
    if (isSame(before, headBytes)) return { keys, headBytes };
    before = headBytes;
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a?.length === b?.length && (a?.every((byte, i) => byte === b?.[i]) ?? true);
}

function isOf(key: string): (version: StoredVersion) => boolean {
  return (version) => version.key === key;
}

/** If the current version is gone, the newest older one replaces it. */
function currentOf({ current }: Head, valid: readonly StoredVersion[]): StoredVersion | undefined {
  if (current === null) return undefined;
  return valid.findLast(({ key }) => key === current || numberOf(key) < numberOf(current));
}

export async function readHead(
  bytes: Uint8Array | undefined,
  there: readonly string[],
  onNotice: (sentence: string) => void = () => undefined,
): Promise<Head> {
  if (bytes === undefined && there.length === 0) return EMPTY;
  try {
    const what = 'The record of the current version';
    // It is written before the first version.
    if (bytes === undefined) throw recordError(what, 'it is not there');
    const { current, versions, last, considered, imported, spent } = (await readRecord(bytes, 'head', what))
      .head as Partial<Head>;
    if (!isTexts(versions) || !isTexts(considered) || typeof last !== 'number')
      throw recordError(what, 'parts are missing');
    return { current: current ?? null, versions, last, considered, imported, ...(isTexts(spent) && { spent }) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    onNotice(`${error.message} The newest version is taken in its place.`);
    const newest = there.at(-1);
    // Even without versions there may have been one, which matters for the ledger.
    return { ...EMPTY, current: newest ?? null, versions: there, last: newest === undefined ? 1 : numberOf(newest) };
  }
}

export async function writeHead(store: Store, places: Places, head: Head): Promise<void> {
  await store.put(places.head, await packRecord('head', head));
}

/** What an unfinished import has added; it does not count yet. */
export interface Adding {
  /** Undefined where no import is underway. */
  readonly id: string | undefined;
  readonly examples: ReadonlySet<string>;
  readonly versions: ReadonlySet<string>;
  readonly spent: ReadonlySet<string>;
}

export async function addedByImport(store: Store, places: Places): Promise<Adding> {
  const bytes = await readValue(store, places.importing);
  const nothing = { id: undefined, examples: new Set<string>(), versions: new Set<string>(), spent: new Set<string>() };
  if (bytes === undefined) return nothing;
  // A store writes all or nothing, so a damaged record was not half written: ignore it.
  const record = await readRecord(bytes, 'importing', 'The record of an import').catch(() => undefined);
  const { id, examples, versions, spent = [] } = record?.head ?? {};
  if (!isTexts(examples) || !isTexts(versions) || !isTexts(spent)) return { ...nothing, id: '' };
  return { id: String(id), examples: new Set(examples), versions: new Set(versions), spent: new Set(spent) };
}
