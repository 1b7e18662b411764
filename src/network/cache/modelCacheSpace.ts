import { LimbeckError } from '../../core/errors.ts';
import { bytes as inBytes } from '../../core/figures.ts';
import { requestPersistence, type StorageState, storageState } from '../../storage/storageState.ts';
import { deleteModel, type ModelCache, modelsOf, sweep, totalBytes } from './modelCache.ts';
import { type CacheEntry, readEntries, readEntry, sizeOfBlob, writeBlob, writeEntry } from './modelCacheIndex.ts';

/** How long a load waits for the browser's answer about its storage; some ask the person, who may take longer. */
const ANSWER_MS = 1000;

/**
 * Puts a file and what is known of its address into the cache. What does not fit is not kept: the load continues, and the
 * returned sentences say so.
 */
export async function keepFile(
  cache: ModelCache,
  entry: CacheEntry,
  bytes: Uint8Array,
  /** The address of the model that is being loaded; it is not evicted to make room for its own files. */
  modelUrl: string,
): Promise<string[]> {
  const { store } = cache;
  const notices: string[] = [];
  try {
    const before = await readEntries(store);
    const previous = before.find(({ url }) => url === entry.url);
    const isThere = (await sizeOfBlob(store, entry.hash)) === bytes.byteLength;
    if (!isThere) {
      const state = await storageState();
      const obstacle = (await budgetObstacle(cache, bytes.byteLength, modelUrl)) ?? roomObstacle(cache, bytes, state);
      if (obstacle !== undefined) return [notKept(entry.name, obstacle)];
      const asked = before.length === 0 && canBeEvicted(cache, state) ? requestPersistence() : undefined;
      await writeBlob(store, entry.hash, bytes);
      if (asked !== undefined) notices.push(...(await persistenceNotices(asked)));
    }
    // A file that is also a model of its own stays one.
    const isPart = entry.isPart && previous?.isPart !== false;
    await writeEntry(store, { ...entry, isPart, files: previous?.files ?? entry.files });
    if (previous !== undefined && previous.hash !== entry.hash) await sweep(store);
    return notices;
  } catch (error) {
    return [...notices, notKept(entry.name, storeObstacle(error))];
  }
}

/** Notes that a model was used, and its files; returns sentences for what could not be noted. */
export async function touchModel(
  { store }: ModelCache,
  { address, hash, files }: { address: string; hash: string; files: readonly string[] },
): Promise<string[]> {
  try {
    const entry = await readEntry(store, address);
    // The entry is of another model if this one could not be kept.
    if (entry?.hash !== hash) return [];
    await writeEntry(store, { ...entry, files, usedAtMs: Date.now() });
    if (entry.files.some((url) => !files.includes(url))) await sweep(store);
    return [];
  } catch (error) {
    return [`The cache could not note that the model was used. ${storeObstacle(error)}`];
  }
}

/** What a store refuses, as a sentence. Throws any other error, and that of a store that was disposed. */
export function storeObstacle(error: unknown): string {
  const isStores = error instanceof LimbeckError && ['store-full', 'store-failed'].includes(error.code);
  if (!isStores) throw error;
  return error.message;
}

function notKept(name: string, why: string): string {
  return `"${name}" was not kept in the cache and is loaded again next time. ${why}`;
}

/** Deletes the least recently used until the file fits; returns a sentence if it does not. */
async function budgetObstacle(
  { store, budgetBytes }: ModelCache,
  bytes: number,
  modelUrl: string,
): Promise<string | undefined> {
  if (budgetBytes === undefined) return undefined;
  if (bytes > budgetBytes) return `It has ${inBytes(bytes)}, and the cache’s budget is ${inBytes(budgetBytes)}.`;
  let total = await totalBytes(store);
  if (total + bytes <= budgetBytes) return undefined;
  await sweep(store);
  for (const [hash, entries] of modelsOf(await readEntries(store))) {
    total = await totalBytes(store);
    if (total + bytes <= budgetBytes) return undefined;
    if (entries.every(({ url }) => url !== modelUrl)) await deleteModel(store, hash);
  }
  total = await totalBytes(store);
  if (total + bytes <= budgetBytes) return undefined;
  return `It has ${inBytes(bytes)}, and of the cache’s budget of ${inBytes(budgetBytes)} the same model’s other files fill ${inBytes(total)}.`;
}

function roomObstacle({ store }: ModelCache, bytes: Uint8Array, state: StorageState): string | undefined {
  const { usedBytes, quotaBytes } = state;
  if (store.kind === 'memory' || usedBytes === undefined || quotaBytes === undefined) return undefined;
  const free = quotaBytes - usedBytes;
  if (bytes.byteLength <= free) return undefined;
  return (
    `It has ${inBytes(bytes.byteLength)}, and the browser has ${inBytes(Math.max(free, 0))} left for this site. ` +
    'Delete models that are no longer needed: modelCache(store).list() and delete(hash).'
  );
}

function canBeEvicted({ store }: ModelCache, { isPersistent }: StorageState): boolean {
  return store.kind !== 'memory' && isPersistent === false;
}

async function persistenceNotices(asked: Promise<boolean>): Promise<string[]> {
  const answer = await new Promise<boolean | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
    void asked.then((granted) => {
      clearTimeout(timer);
      resolve(granted);
    });
  });
  if (answer === true) return [];
  const why =
    answer === false
      ? 'it was asked to keep this site’s storage and did not agree'
      : 'it was asked to keep this site’s storage and has not answered yet';
  return [`The browser may clear the cached models when its disk runs full: ${why}.`];
}
