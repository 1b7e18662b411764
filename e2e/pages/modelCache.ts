import { modelCache } from '../../src/network/cache/modelCache.ts';
import { openStore } from '../../src/storage/openStore.ts';
import { type FetchModelOptions, fetchModel } from '../../src/teacher/load/fetchModel.ts';

/** Loads a model through a cache in OPFS; tells what came, as plain values. */
export async function load(url: string, options: Pick<FetchModelOptions, 'integrity'> = {}) {
  await using store = await openStore('models', { kind: 'opfs' });
  const progress: (number | undefined)[] = [];
  const { name, bytes, externalData, notices, storage } = await fetchModel(url, {
    ...options,
    cache: store,
    onProgress: (loadedBytes, totalBytes) => progress.push(loadedBytes, totalBytes),
  });
  const hash = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return {
    name,
    integrity: `sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}`,
    bytes: bytes.byteLength,
    files: externalData.map((file) => new TextDecoder().decode(file.bytes)),
    notices,
    quotaBytes: storage?.quotaBytes,
    last: progress.slice(-2),
  };
}

/** What the cache holds, after a deletion where one is asked for. */
export async function list(deleted?: string) {
  await using store = await openStore('models', { kind: 'opfs' });
  const cache = modelCache(store);
  if (deleted !== undefined) await cache.delete(deleted);
  const models = (await cache.list()).map(({ usedAt, ...rest }) => ({ ...rest, isRecent: usedAt.getTime() > 1.7e12 }));
  return { models, totalBytes: await cache.totalBytes() };
}

/** How many entries a download that has not ended has in the cache. */
export async function parts() {
  await using store = await openStore('models', { kind: 'opfs' });
  return (await store.keys('models/parts/')).length;
}
