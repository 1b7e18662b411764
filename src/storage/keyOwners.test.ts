import 'fake-indexeddb/auto';
import { type IDBPDatabase, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { encryptedStore } from './encrypted.ts';
import { codeOf, rawStore } from './encryptedCases.ts';
import { destroyKey, openDeviceKey } from './keys.ts';
import { openStore } from './openStore.ts';
import { makeOpfs, openTab } from './opfsCases.ts';
import type { Store } from './store.ts';
import { LOCK_COPY } from './storeLock.ts';

/** Two stores of one name that lie in this browser at once. */
let name: string;
let stores: Store[];
let count = 0;

beforeEach(async () => {
  for (const [global, value] of Object.entries(openTab(makeOpfs()).globals)) vi.stubGlobal(global, value);
  name = `owner ${count++}`;
  stores = [await openStore(name, { kind: 'opfs' }), await openStore(name, { kind: 'indexeddb' })];
});
afterEach(() => vi.unstubAllGlobals());

const open = (store: Store) => encryptedStore(store, { key: 'device' });

async function withKeys<T>(work: (database: IDBPDatabase) => Promise<T>): Promise<T> {
  const database = await openDB('limbeck-keys', 1, { upgrade: (made) => void made.createObjectStore('keys') });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

const keptUnder = (wanted: string) =>
  withKeys(async (database) => (await database.getAllKeys('keys')).map(String).filter((key) => key.endsWith(wanted)));

/** Both stores as earlier versions left them: one key under their name, and one record each. */
async function asBefore(): Promise<void> {
  const made = await openDeviceKey({ name, kind: 'memory' });
  await withKeys(async (database) => {
    for (const kind of ['opfs', 'indexeddb']) await database.put('keys', made, `${kind}//${name}`);
  });
  for (const store of stores) await (await open(store)).put('person', new TextEncoder().encode(store.kind));
  for (const store of stores) await store.delete(LOCK_COPY);
  await withKeys(async (database) => {
    for (const kind of ['opfs', 'indexeddb', 'memory']) await database.delete('keys', `${kind}//${name}`);
    await database.put('keys', made, name);
  });
}

async function reads(store: Store): Promise<string> {
  const value = await (await open(store)).get('person');
  return new TextDecoder().decode(value);
}

describe('two stores of one name in two kinds', () => {
  test('have two keys, and the one that is destroyed leaves the other', async () => {
    const [one, other] = stores as [Store, Store];
    for (const store of stores) await (await open(store)).put('person', new TextEncoder().encode(store.kind));
    expect(await keptUnder(name)).toEqual([`indexeddb//${name}`, `opfs//${name}`]);
    await destroyKey(one);
    expect(await codeOf(open(one))).toBe('store-locked');
    expect(await reads(other)).toBe('indexeddb');
    await destroyKey(name);
    expect(await codeOf(open(other))).toBe('store-locked');
    expect(await keptUnder(name), 'an opening that fails makes no key').toEqual([]);
  });

  test('which earlier versions gave one key still open, and have keys of their own from then on', async () => {
    await asBefore();
    for (const store of stores) expect(await reads(store)).toBe(store.kind);
    expect(await keptUnder(name)).toEqual([`indexeddb//${name}`, `opfs//${name}`, name].sort());
    await destroyKey(name);
    for (const store of stores) expect(await codeOf(open(store))).toBe('store-locked');
  });

  test.each([0, 1])(
    'of such a pair, the one that is destroyed (%i) does not lose the other, opened since or not',
    async (i) => {
      await asBefore();
      const [gone, left] = [stores[i], stores[1 - i]] as [Store, Store];
      await destroyKey(gone);
      expect(await codeOf(open(gone))).toBe('store-locked');
      expect(await reads(left)).toBe(left.kind);
      expect(await keptUnder(name)).toEqual([`${left.kind}//${name}`]);
    },
  );

  test('a new store does not take the key that earlier versions made for its name', async () => {
    await asBefore();
    const memory = await rawStore(name);
    await open(memory);
    await destroyKey(memory);
    expect(await codeOf(open(memory))).toBe('store-locked');
    expect(await reads(stores[0] as Store)).toBe('opfs');
  });

  test.each([{}, { name: 'a' }, { name: 'a', kind: 'disk' }, { name: '', kind: 'opfs' }])(
    'what is no store (%o) is refused, and not passed over as a store without a key',
    async (given) => {
      expect(await codeOf(destroyKey(given as Store))).toBe('invalid-option');
    },
  );
});
