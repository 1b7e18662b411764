import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { type Medium, storeOver } from './medium.ts';
import { openMemory } from './memory.ts';
import { openStore } from './openStore.ts';
import { requestPersistence, storageState } from './storageState.ts';
import type { Store } from './store.ts';
import { storeContract } from './storeContract.ts';

afterEach(() => vi.unstubAllGlobals());

describe.each(['memory', 'indexeddb'] as const)('a store in %s', (kind) => {
  for (const [i, check] of storeContract.entries()) {
    if (!check.kinds.includes(kind)) continue;
    test(check.name, () => check.run(() => openStore(`contract/${i}`, { kind })));
  }
});

describe('faults of the medium', () => {
  test('a full quota is "store-full", with the numbers of the browser', async () => {
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 90, quota: 100 }) } });
    const full = new DOMException('the quota is full', 'QuotaExceededError');
    const error = await errorOf((await failing(full)).put('model', new Uint8Array(20)));
    expect(error.code).toBe('store-full');
    expect(error.details).toEqual({ key: 'model', bytes: 20, usedBytes: 90, quotaBytes: 100 });
    expect(error.cause).toBe(full);
    expect(error.message).toContain('20 B of "model" (the browser reports 90 B of 100 B used)');
  });

  test('a full quota is "store-full" where the browser gives no numbers', async () => {
    vi.stubGlobal('navigator', undefined);
    const error = await errorOf((await failing({ name: 'QuotaExceededError' })).put('model', new Uint8Array(20)));
    expect(error.code).toBe('store-full');
    expect(error.details).toEqual({ key: 'model', bytes: 20, usedBytes: undefined, quotaBytes: undefined });
  });

  test('anything else is "store-failed" and names store, verb and key', async () => {
    const cause = new DOMException('the disk is gone', 'UnknownError');
    const error = await errorOf((await failing(cause)).put('model', new Uint8Array(20)));
    expect(error.code).toBe('store-failed');
    expect(error.message).toBe('The store "failing" could not put "model": the disk is gone');
    expect(error.cause).toBe(cause);
  });

  test('a failed put leaves the store usable and disposable', async () => {
    const store = await failing(new Error('once'));
    await errorOf(store.put('model', new Uint8Array(1)));
    expect(await store.keys()).toEqual([]);
    await store[Symbol.asyncDispose]();
  });

  test('IndexedDB reports the cause of an aborted transaction, and keeps the old value', async () => {
    const store = await openStore('aborted', { kind: 'indexeddb' });
    await store.put('key', Uint8Array.of(1));
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      ...record
    ) {
      return this.add(...record);
    });
    const error = await errorOf(store.put('key', Uint8Array.of(2, 3)));
    put.mockRestore();
    expect(error.code).toBe('store-failed');
    expect(error.cause).toMatchObject({ name: 'ConstraintError' });
    expect(await store.get('key')).toEqual(Uint8Array.of(1));
    expect(await store.size('key')).toBe(1);
    await store[Symbol.asyncDispose]();
  });
});

describe('openStore', () => {
  test('takes IndexedDB where OPFS is missing, and says so', async () => {
    const store = await openStore('order');
    expect(store).toMatchObject({ name: 'order', kind: 'indexeddb' });
    expect(store.why).toBe('OPFS is not offered by this browser (no navigator.storage.getDirectory).');
    await store[Symbol.asyncDispose]();
  });

  test('takes memory where both are missing, and names both', async () => {
    vi.stubGlobal('indexedDB', undefined);
    const store = await openStore('order');
    expect(store.kind).toBe('memory');
    expect(store.why).toMatch(
      /^OPFS is not offered .*; IndexedDB is not offered by this browser \(no indexedDB\); Node keeps values in a folder, and none was given\.$/,
    );
  });

  test('goes on where IndexedDB is there but refuses', async () => {
    const refuse = () => {
      throw new DOMException('not in private windows', 'SecurityError');
    };
    vi.stubGlobal('indexedDB', { open: refuse });
    const store = await openStore('order');
    expect(store.kind).toBe('memory');
    expect(store.why).toContain('IndexedDB could not be opened (not in private windows)');
  });

  test.each([
    ['a page that is not secure', { isSecureContext: false }, 'served neither over https nor from localhost'],
    ['a browser without locks', browser({ locks: undefined }), 'no navigator.locks'],
    ['a browser without move', browser({}, []), 'no FileSystemFileHandle.move'],
    ['a window that cannot write', browser({}, ['move']), 'only from a worker in this browser'],
    ['a browser that refuses', browser({}, ['move', 'createWritable']), 'OPFS could not be opened (private window)'],
  ])('says why %s has no OPFS', async (_, globals, reason) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    const store = await openStore('order');
    expect(store.kind).toBe('indexeddb');
    expect(store.why).toContain(reason);
    await store[Symbol.asyncDispose]();
    const error = await errorOf(openStore('order', { kind: 'opfs' }));
    expect(error.code).toBe('store-unavailable');
    expect(error.message).toContain(reason);
  });

  test('opens the kind that was asked for, or names what is missing', async () => {
    const store = await openStore('asked', { kind: 'memory' });
    expect(store).toMatchObject({ kind: 'memory', why: 'Memory was asked for.' });
    vi.stubGlobal('indexedDB', undefined);
    const error = await errorOf(openStore('asked', { kind: 'indexeddb' }));
    expect(error.code).toBe('store-unavailable');
    expect(error.details).toMatchObject({ name: 'asked', kind: 'indexeddb' });
    expect(error.message).toContain('no indexedDB');
  });

  test.each([
    ['a name that is no name', () => openStore('a/../b')],
    ['an unknown kind', () => openStore('a', { kind: 'disk' as 'opfs' })],
    ['an unknown option', () => openStore('a', { kinds: 'opfs' } as object)],
  ])('refuses %s', async (_, open) => {
    expect((await errorOf(open())).code).toBe('invalid-option');
  });
});

describe('storageState', () => {
  test('says what the browser says', async () => {
    const storage = {
      estimate: async () => ({ usage: 1, quota: 2 }),
      persisted: async () => false,
      persist: async () => true,
    };
    vi.stubGlobal('navigator', { storage });
    expect(await storageState()).toEqual({ usedBytes: 1, quotaBytes: 2, isPersistent: false });
    expect(await requestPersistence()).toBe(true);
  });

  test('is undefined where the browser says nothing', async () => {
    const nothing = { usedBytes: undefined, quotaBytes: undefined, isPersistent: undefined };
    vi.stubGlobal('navigator', { storage: { estimate: async () => Promise.reject(new TypeError('opaque')) } });
    expect(await storageState()).toEqual(nothing);
    vi.stubGlobal('navigator', undefined);
    expect(await storageState()).toEqual(nothing);
    expect(await requestPersistence()).toBe(false);
  });
});

/** Globals of a browser whose OPFS refuses to open. */
function browser(navigator: object, methods = ['move']): Record<string, unknown> {
  class FileSystemFileHandle {}
  for (const method of methods) Object.assign(FileSystemFileHandle.prototype, { [method]: () => undefined });
  const getDirectory = async () => Promise.reject(new Error('private window'));
  return { navigator: { storage: { getDirectory }, locks: {}, ...navigator }, FileSystemFileHandle };
}

async function failing(error: unknown): Promise<Store> {
  const medium: Medium = { ...(await openMemory('failing')), put: () => Promise.reject(error) };
  return storeOver(medium, 'failing', 'A test made it.');
}

async function errorOf(work: Promise<unknown>): Promise<LimbeckError> {
  const thrown = await work.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  if (thrown instanceof LimbeckError) return thrown;
  throw thrown;
}
