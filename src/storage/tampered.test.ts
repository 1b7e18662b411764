import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encryptedStore } from './encrypted.ts';
import { codeOf, errorOf, rawStore } from './encryptedCases.ts';
import { destroyKey } from './keys.ts';
import { storeOver } from './medium.ts';
import { openMemory } from './memory.ts';
import type { Store } from './store.ts';

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

  test('of which any byte of the head is changed costs itself alone: it is left out of lists, and named', async () => {
    const [name, sealed] = await beneath('key');
    await store.put('other', Uint8Array.of(6));
    for (let i = 0; i < 100; i++) {
      await raw.put(
        name,
        sealed.map((byte, j) => (j === i ? byte ^ 1 : byte)),
      );
      const fresh = await reopened();
      expect(await fresh.keys(), `byte ${i}`).toEqual(['other']);
      const damaged = [{ key: undefined, beneath: name }];
      expect(await fresh.scrub(), `byte ${i}`).toEqual({ values: 2, damaged });
      expect(await codeOf(fresh.size('key')), `byte ${i}`).toBe('store-tampered');
      // A handle that has seen the value before knows what it was.
      expect(await store.scrub(), `byte ${i}`).toEqual({ values: 2, damaged: [{ key: 'key', beneath: name }] });
      expect(await store.keys(), `byte ${i}`).toEqual(['key', 'other']);
    }
  });

  test('of which any byte behind the head is changed is named by its key, and goes when that is asked for', async () => {
    const [name, sealed] = await beneath('key');
    await store.put('other', Uint8Array.of(6));
    for (let i = 100; i < sealed.length; i++) {
      await raw.put(
        name,
        sealed.map((byte, j) => (j === i ? byte ^ 1 : byte)),
      );
      const found = { values: 2, damaged: [{ key: 'key', beneath: name }] };
      expect(await (await reopened()).scrub(), `byte ${i}`).toEqual(found);
    }
    const fresh = await reopened();
    await fresh.scrub({ damaged: 'removed' });
    expect(await fresh.scrub()).toEqual({ values: 1, damaged: [] });
    expect(await fresh.keys()).toEqual(['other']);
    expect(await fresh.get('other')).toEqual(Uint8Array.of(6));
    expect(await raw.keys()).not.toContain(name);
  });

  test('that was damaged and is put anew while it is scrubbed stays', async () => {
    const [name, sealed] = await beneath('key');
    await raw.put(name, sealed.subarray(1));
    let reads = 0;
    const watched = {
      ...raw,
      get: async (key: string) => {
        const found = await raw.get(key);
        if (key === name && ++reads === 1) await raw.put(name, sealed);
        return found;
      },
    };
    const scrubbing = await encryptedStore(watched, { key: 'device' });
    expect((await scrubbing.scrub({ damaged: 'removed' })).damaged).toHaveLength(1);
    expect(await store.get('key')).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  test('whose bytes the browser has lost costs itself alone, encrypted or not', async () => {
    const medium = await openMemory('lost');
    let lost: string | undefined;
    const get = async (key: string) => {
      if (key === lost) throw new DOMException('Data lost due to missing file.', 'NotReadableError');
      return medium.get(key);
    };
    const getRange = async (key: string, start: number, end: number) => (await get(key))?.slice(start, end);
    const plain = storeOver({ ...medium, kind: 'indexeddb', get, getRange }, 'lost', 'A test made it.');
    const sealed = await encryptedStore(plain, { key: 'device' });
    for (const key of ['one', 'two']) await sealed.put(key, Uint8Array.of(1));
    lost = (await plain.keys()).find((key) => /^[0-9a-f]{64}$/.test(key));
    expect(await codeOf(plain.get(lost as string))).toBe('store-tampered');
    expect(await plain.scrub()).toEqual({ values: 4, damaged: [{ key: lost, beneath: undefined }] });
    const fresh = await encryptedStore(plain, { key: 'device' });
    expect(await fresh.keys()).toHaveLength(1);
    const { damaged } = await fresh.scrub({ damaged: 'removed' });
    expect(damaged).toEqual([{ key: undefined, beneath: lost }]);
    expect(await fresh.scrub()).toEqual({ values: 1, damaged: [] });
    expect(await codeOf(fresh.scrub({ damaged: 'mended' as 'kept' }))).toBe('invalid-option');
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
    expect(await (await reopened()).keys()).toEqual([]);
    expect((await (await reopened()).scrub()).damaged).toHaveLength(2);
  });

  test('that was renamed is named by what it is called now, and is not found under its key', async () => {
    const [name, sealed] = await beneath('key');
    await raw.delete(name);
    for (const other of ['0'.repeat(64), 'key', `${name}.bak`]) {
      await raw.put(other, sealed);
      expect(await (await reopened()).keys()).toEqual([]);
      expect((await (await reopened()).scrub()).damaged).toMatchObject([{ beneath: other }]);
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
