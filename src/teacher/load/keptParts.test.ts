// A download that was stopped begins again where it was, also in another visit, and never joins what does not belong together.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeLocks } from '../../core/locksCases.ts';
import { modelCache } from '../../network/cache/modelCache.ts';
import { type Handler, ranged, serverForEach } from '../../network/serverCases.ts';
import { openStore } from '../../storage/openStore.ts';
import type { Store } from '../../storage/store.ts';
import { type FetchModelOptions, fetchModel } from './fetchModel.ts';
import { modelOf } from './fetchModelCases.ts';

const MB = 1024 * 1024;
const server = serverForEach();
const [model, changed] = [modelOf('a', { length: 11 * MB }), modelOf('b', { length: 11 * MB })];
let store: Store;
beforeEach(async () => {
  store = await openStore('models', { kind: 'memory' });
});
afterEach(() => store[Symbol.asyncDispose]());

const load = (options: FetchModelOptions = {}) => fetchModel(`${server.url}/a.onnx`, { cache: store, ...options });
/** Millions of bytes are compared as text: element by element takes minutes. */
const textOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const ranges = () => server.requests.map(({ headers }) => headers.range);

/** Stops a first download after 9 MB, of which two parts of 4 MB are kept. */
async function stopOnce(bytes = model, etag = '"v1"') {
  server.on('/a.onnx', ranged(bytes, etag, 9 * MB));
  const stop = new AbortController();
  const onProgress = (loaded: number) => {
    if (loaded >= 9 * MB) setTimeout(() => stop.abort(), 0);
  };
  await expect(load({ signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
  server.requests.length = 0;
}

describe('a download that was stopped', () => {
  test('goes on from the last whole part, and leaves no parts behind', async () => {
    await stopOnce();
    expect(await modelCache(store).totalBytes()).toBeGreaterThan(8 * MB);
    server.on('/a.onnx', ranged(model, '"v1"'));
    const progress: number[] = [];
    const { bytes, notices } = await load({ onProgress: (loaded) => progress.push(loaded) });
    expect(textOf(bytes)).toBe(textOf(model));
    expect(notices).toEqual([]);
    expect(ranges()).toEqual([`bytes=${8 * MB}-`]);
    expect(progress[0]).toBeGreaterThan(8 * MB);
    expect(await store.keys('models/parts/')).toEqual([]);
    expect((await modelCache(store).list()).map(({ bytes }) => bytes)).toEqual([model.length]);
  });

  test('begins again where the file has changed', async () => {
    await stopOnce();
    server.on('/a.onnx', ranged(changed, '"v2"'));
    expect(textOf((await load()).bytes)).toBe(textOf(changed));
    expect(ranges()).toEqual([`bytes=${8 * MB}-`]);
  });

  test('begins again where the server refuses the range, or answers another one', async () => {
    for (const answer of [
      ((_, response) => response.writeHead(416, { 'content-type': 'text/plain' }).end()) as Handler,
      ((_, response) => response.writeHead(206, { 'content-range': 'bytes 0-3/9' }).end('abcd')) as Handler,
    ]) {
      await stopOnce();
      server.on('/a.onnx', (request, response) => {
        (request.headers.range === undefined ? ranged(model, '"v1"') : answer)(request, response);
      });
      expect(textOf((await load()).bytes)).toBe(textOf(model));
      expect(ranges()).toEqual([`bytes=${8 * MB}-`, undefined]);
      await modelCache(store).clear();
    }
  });

  test.each([
    ['a part', '1', (value: Uint8Array) => value.fill(7, 5000, 5001), `bytes=${4 * MB}-`],
    ['the first part', '0', (value: Uint8Array) => value.subarray(0, 1000), undefined],
    ['the head', 'head', () => new TextEncoder().encode('{"totalBytes":'), undefined],
    ['the head, which is another kind of value', 'head', () => new TextEncoder().encode('[1]'), undefined],
  ])('uses nothing from %s that was damaged', async (_, name, damage, asked) => {
    await stopOnce();
    const key = (await store.keys('models/parts/')).find((one) => one.endsWith(`/${name}`)) as string;
    await store.put(key, damage((await store.get(key)) as Uint8Array<ArrayBuffer>));
    server.on('/a.onnx', ranged(model, '"v1"'));
    expect(textOf((await load()).bytes)).toBe(textOf(model));
    expect(ranges()).toEqual([asked]);
  });

  test('of which nothing was kept by then, or long ago, begins again', async () => {
    await stopOnce();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 24 * 3600 * 1000 });
    server.on('/a.onnx', ranged(model, '"v1"'));
    expect(textOf((await load()).bytes)).toBe(textOf(model));
    expect(ranges()).toEqual([undefined]);
  });

  test('keeps no parts beyond the budget, and clear() deletes those that are there', async () => {
    const cache = modelCache(store, { budgetBytes: 10 * MB });
    server.on('/a.onnx', ranged(model, '"v1"', 9 * MB));
    const stop = new AbortController();
    const onProgress = (loaded: number) => {
      if (loaded >= 9 * MB) setTimeout(() => stop.abort(), 0);
    };
    await expect(load({ cache, signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await store.keys()).toEqual([]);
    await stopOnce();
    expect(await store.keys('models/parts/')).toHaveLength(3);
    await cache.clear();
    expect(await store.keys()).toEqual([]);
  });
});

describe('two tabs that load one file', () => {
  test('download it once', async () => {
    const locks = makeLocks();
    vi.stubGlobal('navigator', { locks: locks.of({}) });
    // Only what other tabs see too is waited for.
    const shared: Store = Object.create(store, { kind: { value: 'opfs' } });
    server.on('/a.onnx', (request, response) => setTimeout(() => ranged(model, '"v1"')(request, response), 100));
    const both = await Promise.all([load({ cache: shared }), load({ cache: shared })]);
    for (const { bytes } of both) expect(textOf(bytes)).toBe(textOf(model));
    expect(server.asked).toEqual(['GET /a.onnx']);
  });
});
