import { LimbeckError } from '../../core/errors.ts';
import { count, type OptionsOf, schema } from '../../core/schema.ts';
import type { Store } from '../../storage/store.ts';
import { bytesOfParts, dropParts } from './keptParts.ts';
import {
  blobHashes,
  type CacheEntry,
  clearIndex,
  deleteBlob,
  deleteEntry,
  readEntries,
  sizeOfBlob,
} from './modelCacheIndex.ts';

/** A model in a cache, with all its files. */
export interface CachedModel {
  /** SHA-256 of the model file, in hexadecimal digits. */
  readonly hash: string;
  readonly name: string;
  /** Length of the model file and of its other files. */
  readonly bytes: number;
  /** The addresses from which it was loaded. */
  readonly urls: readonly string[];
  readonly usedAt: Date;
}

/** Models that were loaded from an address, kept in a store under the hash of their bytes. The store stays the caller's. */
export interface ModelCache {
  readonly store: Store;
  readonly budgetBytes: number | undefined;
  /** The kept models, the most recently used first. */
  list(): Promise<CachedModel[]>;
  /** Deletes a model, and its files that no other model reads. A missing one is fine. */
  delete(hash: string): Promise<void>;
  /** Deletes all models, and nothing else of the store. */
  clear(): Promise<void>;
  /** Bytes of all models and their files, and of downloads that have not ended; what several addresses share counts once. */
  totalBytes(): Promise<number>;
}

const OPTIONS = schema('modelCache', {
  /** Above this the least recently used models are deleted. Default: as much as the browser grants. */
  budgetBytes: count()(),
});

/** How much a cache of models may keep. */
export interface ModelCacheOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A cache of models in a store; several may use one store, also in several tabs.
 * Throws    invalid-option: no store, or a budget that is no whole number of at least 1
 *
 * @example
 * const cache = modelCache(await openStore('models'), { budgetBytes: 500_000_000 });
 * for (const { name, bytes, hash } of await cache.list()) if (bytes > 100_000_000) await cache.delete(hash);
 */
export function modelCache(store: Store, options: ModelCacheOptions = {}): ModelCache {
  checkStore(store, 'store');
  const { budgetBytes } = OPTIONS.read(options);
  return {
    store,
    budgetBytes,
    list: () => listModels(store),
    delete: async (hash) => {
      if (typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)) return deleteModel(store, hash);
      throw new LimbeckError(
        'invalid-option',
        `"hash" was ${JSON.stringify(hash)}; it must be the 64 hexadecimal digits that list() gives.`,
        { details: { name: 'hash', value: String(hash) } },
      );
    },
    clear: () => clearIndex(store),
    totalBytes: () => totalBytes(store),
  };
}

/** Throws    invalid-option: neither a store nor a cache of models */
export function toModelCache(cache: Store | ModelCache): ModelCache {
  const isCache = typeof cache === 'object' && cache !== null && 'store' in cache;
  if (isCache) checkStore(cache.store, 'cache');
  return isCache ? cache : modelCache(checkStore(cache, 'cache'));
}

/** The models among some entries by their hash, the least recently used first. */
export function modelsOf(entries: readonly CacheEntry[]): Map<string, CacheEntry[]> {
  const models = new Map<string, CacheEntry[]>();
  const newestFirst = entries.filter(({ isPart }) => !isPart).sort((a, b) => b.usedAtMs - a.usedAtMs);
  for (const entry of newestFirst) {
    const same = models.get(entry.hash);
    if (same === undefined) models.set(entry.hash, [entry]);
    else same.push(entry);
  }
  return new Map([...models].reverse());
}

export async function deleteModel(store: Store, hash: string): Promise<void> {
  const entries = await readEntries(store);
  for (const entry of entries) if (entry.hash === hash && !entry.isPart) await deleteEntry(store, entry);
  await sweep(store);
}

/** Deletes files that no model names any more, bytes to which no entry leads, and downloads that nobody went on with. */
export async function sweep(store: Store): Promise<void> {
  await dropParts(store, 'old');
  const entries = await readEntries(store);
  const named = new Set(entries.flatMap(({ isPart, files }) => (isPart ? [] : files)));
  const needed = new Set<string>();
  for (const entry of entries) {
    if (entry.isPart && !named.has(entry.url)) await deleteEntry(store, entry);
    else needed.add(entry.hash);
  }
  for (const hash of await blobHashes(store)) if (!needed.has(hash)) await deleteBlob(store, hash);
}

export async function totalBytes(store: Store): Promise<number> {
  let total = await bytesOfParts(store);
  for (const hash of await blobHashes(store)) total += (await sizeOfBlob(store, hash)) ?? 0;
  return total;
}

async function listModels(store: Store): Promise<CachedModel[]> {
  const entries = await readEntries(store);
  const hashOf = new Map(entries.map(({ url, hash }) => [url, hash]));
  const models: CachedModel[] = [];
  for (const [hash, same] of modelsOf(entries)) {
    // What the browser evicted is not listed; the next load fetches it again.
    if ((await sizeOfBlob(store, hash)) === undefined) continue;
    const files = same.flatMap((entry) => entry.files.map((url) => hashOf.get(url)));
    let bytes = 0;
    for (const one of new Set([hash, ...files])) bytes += (one && (await sizeOfBlob(store, one))) || 0;
    const [newest] = same as [CacheEntry];
    models.push({
      hash,
      name: newest.name,
      bytes,
      urls: same.map(({ url }) => url),
      usedAt: new Date(newest.usedAtMs),
    });
  }
  return models.reverse();
}

function checkStore(store: Store, name: string): Store {
  const { get, put, keys, size } = Object(store) as Partial<Store>;
  if ([get, put, keys, size].every((method) => typeof method === 'function')) return store;
  throw new LimbeckError(
    'invalid-option',
    `"${name}" was ${Object.prototype.toString.call(store)}; it must be a store, such as await openStore("models").`,
    { details: { name } },
  );
}
