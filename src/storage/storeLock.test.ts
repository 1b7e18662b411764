import 'fake-indexeddb/auto';
import { deleteDB } from 'idb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { encryptedStore, wipe } from './encrypted.ts';
import { codeOf, errorOf, rawStore } from './encryptedCases.ts';
import { destroyKey } from './keys.ts';
import { storeOver } from './medium.ts';
import { openMemory } from './memory.ts';
import { openStore } from './openStore.ts';
import type { Store } from './store.ts';
import { LOCK, LOCK_COPY } from './storeLock.ts';

let raw: Store;
let store: Store;

beforeEach(async () => {
  raw = await rawStore('record of the lock');
  store = await encryptedStore(raw, { key: 'device' });
});
afterEach(() => destroyKey('record of the lock'));

/** Another handle, which remembers nothing. */
const reopened = () => encryptedStore(raw, { key: 'device' });

/** A store whose record is changed by `how` in the copies named. */
async function withRecord(store: Store, names: readonly string[], how: (record: Uint8Array) => Uint8Array | undefined) {
  for (const name of names) {
    const changed = how((await store.get(name)) as Uint8Array);
    if (changed === undefined) await store.delete(name);
    else await store.put(name, changed);
  }
}

describe('the record of the lock', () => {
  test.each([{ key: 'device' }, { passphrase: 'correct horse' }] as const)(
    'of which any one byte is changed, or which is cut, is refused as damaged where its copy is too (%o)',
    async (access) => {
      const other = await rawStore('record');
      await encryptedStore(other, access);
      const record = (await other.get(LOCK)) as Uint8Array;
      expect(record).toHaveLength(89);
      for (let i = 0; i < record.length; i++) {
        const ways = [
          (one: Uint8Array) => one.map((byte, j) => (j === i ? byte ^ 1 : byte)),
          () => record.subarray(0, i),
        ];
        for (const way of ways) {
          await withRecord(other, [LOCK, LOCK_COPY], way);
          expect(await codeOf(encryptedStore(other, access)), `byte ${i}`).toBe('store-tampered');
          await withRecord(other, [LOCK, LOCK_COPY], () => record);
        }
      }
      expect(await (await encryptedStore(other, access)).keys()).toEqual([]);
    },
  );

  test.each([LOCK, LOCK_COPY])(
    'damaged or gone in one copy (%s) costs nothing, and is mended from the other',
    async (copy) => {
      const record = (await raw.get(LOCK)) as Uint8Array;
      await store.put('key', Uint8Array.of(1));
      const ways: ((one: Uint8Array) => Uint8Array | undefined)[] = [
        () => undefined,
        () => new Uint8Array(),
        () => new Uint8Array(89),
        (one) => one.subarray(0, 40),
        ...Array.from({ length: 89 }, (_, i) => (one: Uint8Array) => one.map((byte, j) => (j === i ? byte ^ 1 : byte))),
      ];
      for (const [i, way] of ways.entries()) {
        await withRecord(raw, [copy], way);
        expect(await (await reopened()).get('key'), `way ${i}`).toEqual(Uint8Array.of(1));
        for (const name of [LOCK, LOCK_COPY]) expect(await raw.get(name), `way ${i}`).toEqual(record);
      }
    },
  );

  test.each([LOCK, LOCK_COPY])('lost in one copy (%s) does not lose what a passphrase opens', async (copy) => {
    const access = { passphrase: 'correct horse' };
    const other = await rawStore('lost copy');
    await (await encryptedStore(other, access)).put('key', Uint8Array.of(1));
    await other.delete(copy);
    expect(await codeOf(encryptedStore(other, { passphrase: 'another' }))).toBe('store-locked');
    expect(await other.get(copy), 'nothing is mended by who has not the key').toBeUndefined();
    expect(await (await encryptedStore(other, access)).get('key')).toEqual(Uint8Array.of(1));
    expect(await other.get(copy)).toEqual(await other.get(copy === LOCK ? LOCK_COPY : LOCK));
  });

  test('of another life of the store does not stand in the way of the one that the key fits', async () => {
    const access = { passphrase: 'correct horse' };
    const other = await rawStore('lives');
    await encryptedStore(other, { passphrase: 'an earlier one' });
    const earlier = (await other.get(LOCK)) as Uint8Array;
    await wipe(other);
    await (await encryptedStore(other, access)).put('key', Uint8Array.of(1));
    await other.put(LOCK, earlier);
    expect(await (await encryptedStore(other, access)).get('key')).toEqual(Uint8Array.of(1));
    expect(await other.get(LOCK)).toEqual(await other.get(LOCK_COPY));
  });

  test('opens a full store with one copy, and a store that does not keep what is put is told', async () => {
    const full = { ...raw, put: () => Promise.reject(new LimbeckError('store-full', 'There is no room.')) };
    await raw.delete(LOCK_COPY);
    expect(await (await encryptedStore(full, { key: 'device' })).keys()).toEqual([]);
    const medium = await openMemory('liar');
    const put = async (key: string, bytes: Uint8Array<ArrayBuffer>) => medium.put(key, bytes.slice(1));
    const liar = storeOver({ ...medium, put }, 'liar', 'A test made it.');
    expect(await codeOf(encryptedStore(liar, { key: 'device' }))).toBe('store-failed');
  });

  test('that is gone while there are values is told as such, and no other is written', async () => {
    await store.put('key', Uint8Array.of(1));
    const [name] = (await raw.keys()).filter((key) => key !== LOCK && key !== LOCK_COPY);
    for (const copy of [LOCK, LOCK_COPY]) await raw.delete(copy);
    const error = await errorOf(reopened());
    expect(error.code).toBe('store-tampered');
    expect(error.message).toContain('holds 1 values, and both records of its key are gone');
    expect(await raw.keys()).toEqual([name]);
    await wipe(raw);
    expect(await (await reopened()).keys()).toEqual([]);
  });
});

describe.each([{ key: 'device' }, { passphrase: 'correct horse' }] as const)(
  'a store that is emptied (%o)',
  (access) => {
    test('as its database was deleted elsewhere keeps what it acknowledges afterwards', async () => {
      const open = () => openStore('deleted elsewhere', { kind: 'indexeddb' });
      await using beneath = await open();
      await wipe(beneath);
      const mine = await encryptedStore(beneath, access);
      const record = await beneath.get(LOCK);
      await mine.put('before', Uint8Array.of(1));
      await deleteDB('limbeck/deleted elsewhere');
      await Promise.all([mine.put('after', Uint8Array.of(2)), mine.put('beside', Uint8Array.of(3))]);
      for (const name of [LOCK, LOCK_COPY]) expect(await beneath.get(name)).toEqual(record);
      await using reloaded = await open();
      const again = await encryptedStore(reloaded, access);
      expect(await again.keys()).toEqual(['after', 'beside']);
      expect(await again.get('after')).toEqual(Uint8Array.of(2));
    });

    test.each(['before', 'after'])('by another tab’s wipe %s a put reaches the disk keeps the value', async (when) => {
      const wiping = { isArmed: false };
      const other = await rawStore('wiped elsewhere');
      const put: Store['put'] = async (key, bytes) => {
        const isNow = wiping.isArmed && key !== LOCK && key !== LOCK_COPY;
        if (isNow) wiping.isArmed = false;
        if (isNow && when === 'before') await wipe(other);
        await other.put(key, bytes);
        // What goes with the wipe was put before it.
        if (isNow && when === 'after') for (const name of [LOCK_COPY, LOCK]) await other.delete(name);
      };
      const mine = await encryptedStore({ ...other, put }, access);
      wiping.isArmed = true;
      await mine.put('key', Uint8Array.of(1));
      expect(await (await encryptedStore(other, access)).get('key')).toEqual(Uint8Array.of(1));
    });

    test('and encrypted anew with another key refuses what the former key encrypts, and leaves nothing of it', async () => {
      const other = await rawStore('encrypted anew');
      const mine = await encryptedStore(other, access);
      await wipe(other);
      const theirs = await encryptedStore(other, { passphrase: 'another one' });
      await theirs.put('key', Uint8Array.of(2));
      const before = await other.keys();
      const error = await errorOf(mine.put('key', Uint8Array.of(1)));
      expect(error.code).toBe('store-locked');
      expect(error.message).toContain('encrypted anew with another key');
      expect(await other.keys()).toEqual(before);
      expect(await theirs.get('key')).toEqual(Uint8Array.of(2));
    });
  },
);

test('a wipe takes along what another tab puts while it goes on', async () => {
  let isOver = false;
  const busy: Store = {
    ...raw,
    delete: async (key) => {
      if (key === LOCK && !isOver) {
        isOver = true;
        await store.put('key', Uint8Array.of(1));
      }
      return raw.delete(key);
    },
  };
  await wipe(busy);
  expect(await raw.keys()).toEqual([]);
});
