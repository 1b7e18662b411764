import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { modelCache } from '../../network/cache/modelCache.ts';
import { openStore } from '../../storage/openStore.ts';
import type { Store } from '../../storage/store.ts';
import { type FetchModelOptions, fetchModel } from './fetchModel.ts';
import { file, modelOf, serverForEach, versioned } from './fetchModelCases.ts';

const server = serverForEach();
let store: Store;
beforeEach(async () => {
  store = await openStore('models', { kind: 'memory' });
});
afterEach(() => store[Symbol.asyncDispose]());

const model = modelOf('teacher', { length: 3000 });
const [w, v] = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)];
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const integrityOf = (bytes: Uint8Array, algorithm = 'sha256') =>
  `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;
const blobKeyOf = (bytes: Uint8Array) => `models/blobs/${hashOf(bytes)}`;

/** Loads a path of the server through the cache. */
const load = (path: string, options: FetchModelOptions = {}) =>
  fetchModel(server.url + path, { cache: store, ...options });

describe('files beside a model', () => {
  const split = modelOf('split', { external: ['w.bin', 'v.bin'] });
  const other = modelOf('other', { external: ['v.bin'] });
  beforeEach(() => {
    server.on('/m/a.onnx', versioned(split, '"a"'));
    server.on('/m/b.onnx', versioned(other, '"b"'));
    server.on('/m/w.bin', versioned(w, '"w"'));
    server.on('/m/v.bin', versioned(v, '"v"'));
  });

  test('are kept, counted and deleted with it', async () => {
    await load('/m/a.onnx');
    await load('/m/b.onnx');
    await server.close();
    const { externalData, notices } = await load('/m/a.onnx');
    expect(externalData.map(({ bytes }) => bytes)).toEqual([w, v]);
    expect(notices).toHaveLength(3);
    const cache = modelCache(store);
    expect(await cache.list()).toMatchObject([
      { hash: hashOf(split), name: 'a.onnx', bytes: split.length + w.length + v.length },
      { hash: hashOf(other), name: 'b.onnx', bytes: other.length + v.length },
    ]);
    expect(await cache.totalBytes()).toBe(split.length + other.length + w.length + v.length);
    await cache.delete(hashOf(split));
    expect(await cache.totalBytes()).toBe(other.length + v.length);
    expect((await load('/m/b.onnx')).externalData[0]?.bytes).toEqual(v);
    await cache.delete(hashOf(other));
    expect(await store.keys()).toEqual([]);
  });

  test('that a new version names too are not loaded again', async () => {
    await load('/m/b.onnx');
    const next = modelOf('next', { external: ['v.bin'] });
    server.on('/m/b.onnx', versioned(next, '"b2"'));
    let condition: string | undefined;
    server.on('/m/v.bin', (request, response) => {
      condition = request.headers['if-none-match'];
      versioned(v, '"v"')(request, response);
    });
    expect(await load('/m/b.onnx')).toMatchObject({ bytes: next, externalData: [{ bytes: v }] });
    expect(condition).toBe('"v"');
  });

  test('that a new version does not name any more are deleted', async () => {
    await load('/m/a.onnx');
    server.on('/m/a.onnx', versioned(modelOf('joined'), '"a2"'));
    await load('/m/a.onnx');
    expect(await store.keys('models/blobs/')).toEqual([blobKeyOf(modelOf('joined'))]);
  });

  test('with hashes of their own need no server', async () => {
    const integrity = {
      'a.onnx': integrityOf(split),
      'w.bin': integrityOf(w),
      'v.bin': integrityOf(v, 'sha512'),
    };
    await load('/m/a.onnx', { integrity });
    await server.close();
    expect(await load('/m/a.onnx', { integrity })).toMatchObject({ bytes: split, notices: [] });
  });
});

describe('the cache as a person sees it', () => {
  test('lists the last used first, and clears no more than its own', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1000 });
    await store.put('models/mine', w);
    for (const [i, name] of ['a', 'b'].entries()) {
      vi.setSystemTime(2000 + i);
      server.on(`/${name}.onnx`, versioned(modelOf(name), `"${name}"`));
      await load(`/${name}.onnx`);
    }
    const cache = modelCache(store);
    expect((await cache.list()).map(({ name, usedAt }) => [name, usedAt.getTime()])).toEqual([
      ['b.onnx', 2001],
      ['a.onnx', 2000],
    ]);
    vi.setSystemTime(3000);
    await load('/a.onnx', { cache });
    expect((await cache.list()).map(({ name }) => name)).toEqual(['a.onnx', 'b.onnx']);
    await cache.delete(hashOf(model));
    expect(await cache.list()).toHaveLength(2);
    await cache.clear();
    expect(await cache.list()).toEqual([]);
    expect(await cache.totalBytes()).toBe(0);
    expect(await store.keys()).toEqual(['models/mine']);
  });

  test('refuses what is no store, budget, hash or option', async () => {
    const code = { code: 'invalid-option' };
    expect(() => modelCache({} as Store)).toThrow(expect.objectContaining(code));
    expect(() => modelCache(store, { budgetBytes: 0 })).toThrow(expect.objectContaining(code));
    expect(() => modelCache(store, { budget: 5 } as object)).toThrow(expect.objectContaining(code));
    await expect(modelCache(store).delete('a/b')).rejects.toMatchObject(code);
  });

  test('a disposed store is an error of the caller', async () => {
    const closed = await openStore('closed', { kind: 'memory' });
    await closed[Symbol.asyncDispose]();
    server.on('/a.onnx', file(model));
    await expect(load('/a.onnx', { cache: closed })).rejects.toMatchObject({ code: 'disposed' });
  });
});
