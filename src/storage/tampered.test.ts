import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encryptedStore, wipe } from './encrypted.ts';
import { codeOf, errorOf, rawStore } from './encryptedCases.ts';
import { destroyKey } from './keys.ts';
import type { Store } from './store.ts';
import { LOCK } from './storeLock.ts';

let raw: Store;
let store: Store;

beforeEach(async () => {
  raw = await rawStore('tampered');
  store = await encryptedStore(raw, { key: 'device' });
});
afterEach(() => destroyKey('tampered'));

/** Another handle, which remembers nothing. */
const reopened = () => encryptedStore(raw, { key: 'device' });

/** What the one value in the store is called beneath, and its bytes. */
async function beneath(key: string): Promise<[string, Uint8Array]> {
  const before = new Set(await raw.keys());
  await store.put(key, Uint8Array.of(1, 2, 3, 4, 5));
  const name = (await raw.keys()).find((one) => !before.has(one)) as string;
  return [name, (await raw.get(name)) as Uint8Array];
}

describe('a value', () => {
  test('of which any one byte is changed is refused, whole and in part', async () => {
    const [name, sealed] = await beneath('key');
    expect(sealed).toHaveLength(128 + 5);
    for (let i = 0; i < sealed.length; i++) {
      for (const bit of [1, 0x80]) {
        await raw.put(
          name,
          sealed.map((byte, j) => (j === i ? byte ^ bit : byte)),
        );
        expect(await codeOf(store.get('key')), `byte ${i}`).toBe('store-tampered');
        expect(await codeOf(store.getRange('key', 0, 1)), `byte ${i}`).toBe('store-tampered');
      }
    }
    await raw.put(name, sealed);
    expect(await store.get('key')).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  test('of which any byte of the head is changed is refused in lists and lengths too', async () => {
    const [name, sealed] = await beneath('key');
    for (let i = 0; i < 100; i++) {
      await raw.put(
        name,
        sealed.map((byte, j) => (j === i ? byte ^ 1 : byte)),
      );
      const fresh = await reopened();
      expect(await codeOf(fresh.keys()), `byte ${i}`).toBe('store-tampered');
      expect(await codeOf(fresh.size('key')), `byte ${i}`).toBe('store-tampered');
    }
  });

  test('that was cut anywhere, or made longer, is refused', async () => {
    const [name, sealed] = await beneath('key');
    for (let length = 0; length < sealed.length; length++) {
      await raw.put(name, sealed.subarray(0, length));
      expect(await codeOf(store.get('key')), `${length} bytes`).toBe('store-tampered');
    }
    await raw.put(name, Uint8Array.of(...sealed, 0));
    expect(await codeOf(store.get('key'))).toBe('store-tampered');
  });

  test('exchanged with another is refused under either key', async () => {
    const [one, sealedOne] = await beneath('one');
    const [two, sealedTwo] = await beneath('two');
    await raw.put(one, sealedTwo);
    await raw.put(two, sealedOne);
    const fresh = await reopened();
    for (const key of ['one', 'two']) {
      expect(await codeOf(fresh.get(key))).toBe('store-tampered');
      expect(await codeOf(fresh.size(key))).toBe('store-tampered');
    }
    expect(await codeOf((await reopened()).keys())).toBe('store-tampered');
  });

  test('that was renamed is refused where names are listed, and is not found under its key', async () => {
    const [name, sealed] = await beneath('key');
    await raw.delete(name);
    for (const other of ['0'.repeat(64), 'key', `${name}.bak`]) {
      await raw.put(other, sealed);
      const error = await errorOf((await reopened()).keys());
      expect(error.code).toBe('store-tampered');
      expect(error.details).toMatchObject({ store: 'tampered', beneath: other });
      await raw.delete(other);
    }
    expect(await store.get('key')).toBeUndefined();
  });

  test('made of the head of one put and the value of another, of one key and one length, is refused', async () => {
    const [name, first] = await beneath('key');
    await store.put('key', Uint8Array.of(6, 7, 8, 9, 10));
    const second = (await raw.get(name)) as Uint8Array;
    await raw.put(name, Uint8Array.of(...first.subarray(0, 100), ...second.subarray(100)));
    expect(await codeOf(store.get('key'))).toBe('store-tampered');
  });

  test('brought from a store of another name, made with the same passphrase and salt, is refused', async () => {
    const mine = await rawStore('mine');
    const theirs = await rawStore('theirs');
    const here = await encryptedStore(mine, { passphrase: 'correct horse' });
    await here.put('key', Uint8Array.of(1));
    for (const name of await mine.keys()) await theirs.put(name, (await mine.get(name)) as Uint8Array);
    expect(await codeOf(encryptedStore(theirs, { passphrase: 'correct horse' }))).toBe('store-locked');
  });

  test('that is refused can be deleted and put anew, by its key or by what it is called beneath', async () => {
    const [name, sealed] = await beneath('key');
    await raw.put(name, sealed.subarray(1));
    const error = await errorOf(store.get('key'));
    expect(error.details).toEqual({ store: 'tampered', key: 'key', beneath: name });
    expect(error.message).toContain('"key" in the store "tampered" is not what was put there');
    await store.delete('key');
    expect(await (await reopened()).keys()).toEqual([]);
    await store.put('key', Uint8Array.of(1));
    expect(await store.get('key')).toEqual(Uint8Array.of(1));
  });
});

describe('the record of the lock', () => {
  test.each([{ key: 'device' }, { passphrase: 'correct horse' }] as const)(
    'of which any one byte is changed, or which is cut, is refused as damaged (%o)',
    async (access) => {
      const other = await rawStore('record');
      await encryptedStore(other, access);
      const record = (await other.get(LOCK)) as Uint8Array;
      expect(record).toHaveLength(89);
      for (let i = 0; i < record.length; i++) {
        await other.put(
          LOCK,
          record.map((byte, j) => (j === i ? byte ^ 1 : byte)),
        );
        expect(await codeOf(encryptedStore(other, access)), `byte ${i}`).toBe('store-tampered');
        await other.put(LOCK, record.subarray(0, i));
        expect(await codeOf(encryptedStore(other, access)), `${i} bytes`).toBe('store-tampered');
      }
      await other.put(LOCK, record);
      expect(await (await encryptedStore(other, access)).keys()).toEqual([]);
    },
  );

  test('that is gone while there are values is told as such, and no other is written', async () => {
    const [name] = await beneath('key');
    await raw.delete(LOCK);
    const error = await errorOf(reopened());
    expect(error.code).toBe('store-tampered');
    expect(error.message).toContain('holds 1 values, and the record of its key is gone');
    expect(await raw.keys()).toEqual([name]);
    await wipe(raw);
    expect(await (await reopened()).keys()).toEqual([]);
  });
});
