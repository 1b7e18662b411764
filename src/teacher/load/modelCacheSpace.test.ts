import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { modelCache } from '../../network/cache/modelCache.ts';
import { openStore } from '../../storage/openStore.ts';
import type { Store } from '../../storage/store.ts';
import { type FetchModelOptions, fetchModel } from './fetchModel.ts';
import { modelOf, serverForEach, versioned } from './fetchModelCases.ts';

const server = serverForEach();
let store: Store;
beforeEach(async () => {
  store = await openStore('models', { kind: 'memory' });
});
afterEach(() => store[Symbol.asyncDispose]());

const model = modelOf('teacher', { length: 3000 });
const w = Uint8Array.of(1, 2, 3, 4);

/** Loads a path of the server through the cache. */
const load = (path: string, options: FetchModelOptions = {}) =>
  fetchModel(server.url + path, { cache: store, ...options });

/** Stores and browsers that a memory store is not: of another kind, with other answers. */
const storeThat = (changes: Partial<Store>): Store => ({ ...store, kind: 'opfs', ...changes });
const browserThat = (storage: object) => vi.stubGlobal('navigator', { storage });

describe('a budget', () => {
  const models = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, modelOf(name, { length: 1000 })]));
  const size = models['a']?.length as number;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1000 });
    for (const [name, bytes] of Object.entries(models)) server.on(`/${name}.onnx`, versioned(bytes, `"${name}"`));
  });

  test('evicts what was not used for longest', async () => {
    const cache = modelCache(store, { budgetBytes: 2 * size });
    for (const [i, name] of ['a', 'b', 'a', 'c'].entries()) {
      vi.setSystemTime(2000 + i);
      expect((await load(`/${name}.onnx`, { cache })).notices).toEqual([]);
    }
    expect((await cache.list()).map(({ name }) => name)).toEqual(['c.onnx', 'a.onnx']);
    expect(await cache.totalBytes()).toBe(2 * size);
  });

  test('below one model keeps none, deletes none and says so', async () => {
    await load('/a.onnx');
    const { bytes, notices } = await load('/b.onnx', { cache: modelCache(store, { budgetBytes: size - 1 }) });
    expect(bytes).toEqual(models['b']);
    expect(notices).toEqual([expect.stringMatching(/"b\.onnx" was not kept .*budget is \d+/)]);
    expect((await modelCache(store).list()).map(({ name }) => name)).toEqual(['a.onnx']);
  });

  test('does not evict a model to make room for its own files', async () => {
    const split = modelOf('split', { external: ['w.bin'] });
    server.on('/s.onnx', versioned(split, '"s"'));
    server.on('/w.bin', versioned(w, '"w"'));
    const cache = modelCache(store, { budgetBytes: split.length + w.length - 1 });
    const { externalData, notices } = await load('/s.onnx', { cache });
    expect(externalData[0]?.bytes).toEqual(w);
    expect(notices).toEqual([expect.stringMatching(/"w\.bin" was not kept .*same model’s other files/)]);
    expect(await cache.list()).toMatchObject([{ name: 's.onnx', bytes: split.length }]);
  });
});

describe('the browser’s storage', () => {
  beforeEach(() => server.on('/a.onnx', versioned(model, '"v1"')));

  test('that is full leaves the load uncached, with a notice', async () => {
    const full = storeThat({
      put: async () => {
        throw new LimbeckError('store-full', 'The store is full.');
      },
    });
    const { bytes, notices } = await load('/a.onnx', { cache: full });
    expect(bytes).toEqual(model);
    expect(notices[0]).toBe('"a.onnx" was not kept in the cache and is loaded again next time. The store is full.');
  });

  test('that cannot be read leaves the load uncached, with a notice', async () => {
    const broken = storeThat({
      get: async () => {
        throw new LimbeckError('store-failed', 'The disk is gone.');
      },
    });
    const { bytes, notices } = await load('/a.onnx', { cache: broken });
    expect(bytes).toEqual(model);
    expect(notices).toEqual(['"a.onnx" was loaded without the cache. The disk is gone.']);
  });

  test('with too little room is not tried', async () => {
    browserThat({ estimate: async () => ({ usage: 90, quota: 100 }), persisted: async () => true });
    const put = vi.fn();
    const { bytes, notices, storage } = await load('/a.onnx', { cache: storeThat({ put }) });
    expect(bytes).toEqual(model);
    expect(notices).toEqual([expect.stringMatching(/was not kept .* the browser has 10 B left/)]);
    expect(put).not.toHaveBeenCalled();
    expect(storage).toEqual({ usedBytes: 90, quotaBytes: 100, isPersistent: true });
  });

  test.each([
    [true, []],
    [false, [expect.stringMatching(/^The browser may clear .* did not agree\.$/)]],
  ])('is asked once to last; where the answer is %s', async (answer, notices) => {
    const persist = vi.fn(async () => answer);
    browserThat({ estimate: async () => ({ usage: 0, quota: 1e9 }), persisted: async () => false, persist });
    const cache = storeThat({});
    expect((await load('/a.onnx', { cache })).notices).toEqual(notices);
    server.on('/b.onnx', versioned(modelOf('b'), '"b"'));
    expect((await load('/b.onnx', { cache })).notices).toEqual([]);
    expect(persist).toHaveBeenCalledOnce();
  });

  test('does not hold a load up while the browser asks the person', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const persist = vi.fn(() => new Promise<boolean>(() => undefined));
    browserThat({ persisted: async () => false, persist });
    const loading = load('/a.onnx', { cache: storeThat({}) });
    await vi.waitUntil(() => vi.getTimerCount() > 0 && persist.mock.calls.length > 0);
    await vi.runAllTimersAsync();
    expect((await loading).notices).toEqual([expect.stringMatching(/has not answered yet/)]);
  });

  test('is not asked where it lasts already, or for a store in memory', async () => {
    const persist = vi.fn(async () => false);
    browserThat({ persisted: async () => true, persist });
    await load('/a.onnx', { cache: storeThat({}) });
    await modelCache(store).clear();
    browserThat({ persisted: async () => false, persist });
    await load('/a.onnx');
    expect(persist).not.toHaveBeenCalled();
  });
});
