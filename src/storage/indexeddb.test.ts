import 'fake-indexeddb/auto';
import { forceCloseDatabase } from 'fake-indexeddb';
import { deleteDB, openDB } from 'idb';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bytesOf, codeOf } from './encryptedCases.ts';
import { openStore } from './openStore.ts';
import type { Store } from './store.ts';
import { storeContract } from './storeContract.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

let count = 0;

/** A store, and the connections that it has opened. */
async function watched(name = `indexeddb ${count++}`) {
  const connections: IDBDatabase[] = [];
  const transaction = IDBDatabase.prototype.transaction;
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...given) {
    if (!connections.includes(this)) connections.push(this);
    return transaction.apply(this, given);
  });
  const store = await openStore(name, { kind: 'indexeddb' });
  await store.put('person', bytesOf('before'));
  return { store, name, connections };
}

async function expectAlive(store: Store, before: string | undefined): Promise<void> {
  expect(await store.get('person')).toEqual(before === undefined ? undefined : bytesOf(before));
  await store.put('person', bytesOf('after'));
  expect(await store.get('person')).toEqual(bytesOf('after'));
  expect(await store.size('person')).toBe(5);
  expect(await store.keys()).toEqual(['person']);
  await store.delete('person');
  expect(await store.keys()).toEqual([]);
}

describe('a connection that is lost is opened anew', () => {
  test('where the database was deleted elsewhere: the store is empty, and goes on', async () => {
    const { store, name } = await watched();
    await deleteDB(`limbeck/${name}`);
    await expectAlive(store, undefined);
  });

  test('where the browser ended it and says so', async () => {
    const { store, connections } = await watched();
    forceCloseDatabase(connections.at(-1) as unknown as Parameters<typeof forceCloseDatabase>[0]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await expectAlive(store, 'before');
  });

  test('where it is closed and nobody says so', async () => {
    const { store, connections } = await watched();
    connections.at(-1)?.close();
    await expectAlive(store, 'before');
  });

  test('where a transaction is aborted on the way: the put is done once more, whole', async () => {
    const { store } = await watched();
    const put = IDBObjectStore.prototype.put;
    let puts = 0;
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...given) {
      const request = put.apply(this, given);
      // After the bytes, before the length.
      if (++puts === 1) this.transaction.abort();
      return request;
    });
    await store.put('person', bytesOf('after'));
    expect(puts).toBe(3);
    expect(await store.get('person')).toEqual(bytesOf('after'));
    expect(await store.size('person')).toBe(5);
  });

  test('and where it fails again, that is told, and the old value stays whole', async () => {
    const { store } = await watched();
    const put = IDBObjectStore.prototype.put;
    const mock = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      ...given
    ) {
      const request = put.apply(this, given);
      this.transaction.abort();
      return request;
    });
    expect(await codeOf(store.put('person', bytesOf('after')))).toBe('store-failed');
    mock.mockRestore();
    await expectAlive(store, 'before');
  });

  test('but not after disposal, and a newer version of the database is left to who has it', async () => {
    const { store, name } = await watched();
    (await openDB(`limbeck/${name}`, 2)).close();
    expect(await codeOf(store.get('person'))).toBe('store-failed');
    await store[Symbol.asyncDispose]();
    expect(await codeOf(store.get('person'))).toBe('disposed');
  });
});

test('each put and delete asks to be on the disk when it is acknowledged', async () => {
  const { store } = await watched();
  const transaction = vi.mocked(IDBDatabase.prototype.transaction);
  transaction.mockClear();
  await store.put('person', bytesOf('after'));
  await store.delete('person');
  const asked = transaction.mock.calls.map(([, mode, options]) => [mode, options?.durability]);
  expect(asked).toEqual([
    ['readwrite', 'strict'],
    ['readwrite', 'strict'],
  ]);
});

describe('a store whose transactions are aborted now and then, and whose connection is ended', () => {
  for (const [i, check] of storeContract.entries()) {
    if (!check.kinds.includes('indexeddb')) continue;
    test(check.name, async () => {
      const transaction = IDBDatabase.prototype.transaction;
      let calls = 0;
      vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...given) {
        calls++;
        if (calls === 3 || calls === 40) this.close();
        const made = transaction.apply(this, given);
        if (calls % 13 === 9 && given[1] === 'readwrite') queueMicrotask(() => made.abort());
        return made;
      });
      await check.run(() => openStore(`faults/${i}`, { kind: 'indexeddb' }));
    });
  }
});
