import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { toHex } from '../core/hash.ts';
import { makeQueue } from '../core/queue.ts';
import { encryptedStore, wipe } from './encrypted.ts';
import { bytesOf, codeOf, errorOf, rawStore } from './encryptedCases.ts';
import { destroyKey, keyFromPassphrase, openDeviceKey, type StoreKey, stretched } from './keys.ts';
import { openStore } from './openStore.ts';
import { LOCK } from './storeLock.ts';

afterEach(() => vi.unstubAllGlobals());

const salt = new TextEncoder().encode('salt');

const ownerOf = (name: string) => ({ name, kind: 'memory' }) as const;

/** Keys cannot be read out, so they are told apart by what they sign. */
async function mark({ naming }: StoreKey): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', naming, salt)));
}

describe('the key of this device', () => {
  test('cannot be read out, neither when made nor when found again', async () => {
    for (const key of [await openDeviceKey(ownerOf('sealed')), await openDeviceKey(ownerOf('sealed'))]) {
      expect(key.encryption).toMatchObject({ extractable: false, usages: ['encrypt', 'decrypt'] });
      expect(key.encryption.algorithm).toEqual({ name: 'AES-GCM', length: 256 });
      expect(key.naming).toMatchObject({ extractable: false, usages: ['sign'] });
      for (const one of [key.encryption, key.naming]) {
        await expect(crypto.subtle.exportKey('raw', one)).rejects.toThrow();
      }
    }
  });

  test('is the same for all tabs that ask for it at once, and another for another name', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => openDeviceKey(ownerOf('at once'))));
    expect(new Set(await Promise.all(keys.map(mark))).size).toBe(1);
    expect(await mark(await openDeviceKey(ownerOf('at once')))).toBe(await mark(keys[0] as StoreKey));
    expect(await mark(await openDeviceKey(ownerOf('another')))).not.toBe(await mark(keys[0] as StoreKey));
  });

  test('two tabs that make one store at once read what the other writes', async () => {
    const open = async () => encryptedStore(await openStore('tabs', { kind: 'indexeddb' }), { key: 'device' });
    const [one, other] = await Promise.all([open(), open()]);
    await one.put('a', Uint8Array.of(1));
    await other.put('b', Uint8Array.of(2));
    expect(await other.get('a')).toEqual(Uint8Array.of(1));
    expect(await one.keys()).toEqual(['a', 'b']);
  });

  test('once destroyed opens nothing any more; a wiped store begins anew', async () => {
    const raw = await rawStore('shredded');
    const before = await encryptedStore(raw, { key: 'device' });
    await before.put('key', Uint8Array.of(1));
    await destroyKey('shredded');
    await destroyKey('shredded');
    const error = await errorOf(encryptedStore(raw, { key: 'device' }));
    expect(error.code).toBe('store-locked');
    expect(error.message).toContain('wipe(store)');
    expect(await codeOf(encryptedStore(raw, { key: 'device' }))).toBe('store-locked');
    await wipe(raw);
    const after = await encryptedStore(raw, { key: 'device' });
    await after.put('key', Uint8Array.of(2));
    expect(await after.get('key')).toEqual(Uint8Array.of(2));
  });

  test('needs a place, and says which to take instead', async () => {
    const raw = await rawStore('nowhere');
    vi.stubGlobal('indexedDB', undefined);
    const error = await errorOf(encryptedStore(raw, { key: 'device' }));
    expect(error.code).toBe('store-unavailable');
    expect(error.message).toContain('Give { passphrase }');
    const refuse = () => {
      throw new DOMException('not in private windows', 'SecurityError');
    };
    vi.stubGlobal('indexedDB', { open: refuse });
    expect((await errorOf(openDeviceKey(ownerOf('nowhere')))).message).toContain('not in private windows');
    expect(await raw.keys()).toEqual([]);
  });

  test('a browser that cannot keep keys is told with its cause', async () => {
    const cause = new DOMException('cannot be cloned', 'DataCloneError');
    const add = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
      throw cause;
    });
    const error = await errorOf(openDeviceKey(ownerOf('uncloneable')));
    add.mockRestore();
    expect(error).toMatchObject({ code: 'store-failed', cause });
    expect(await codeOf(openDeviceKey(ownerOf('a/../b')))).toBe('invalid-option');
    expect(await codeOf(destroyKey(''))).toBe('invalid-option');
  });
});

describe('a passphrase', () => {
  // RFC 7914, §11: the first 32 of 64 bytes, which are the first block of PBKDF2-HMAC-SHA-256.
  test.each([
    ['passwd', 'salt', 1, '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc'],
    ['Password', 'NaCl', 80_000, '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56'],
  ])('is stretched as RFC 7914 publishes for "%s"', async (passphrase, text, iterations, expected) => {
    const bytes = await stretched(passphrase, new TextEncoder().encode(text), iterations);
    expect(toHex(bytes)).toBe(expected);
  });

  test('is the same in both ways to write an accent', async () => {
    expect(await stretched('caf\u00e9', salt, 2)).toEqual(await stretched('cafe\u0301', salt, 2));
  });

  test('gives keys that depend on it, on the salt and on the iterations, and cannot be read out', async () => {
    const keys = await Promise.all([
      keyFromPassphrase('a', salt, 2),
      keyFromPassphrase('b', salt, 2),
      keyFromPassphrase('a', bytesOf('tlas') as Uint8Array<ArrayBuffer>, 2),
      keyFromPassphrase('a', salt, 3),
    ]);
    expect(new Set(await Promise.all(keys.map(mark))).size).toBe(4);
    expect(await mark(await keyFromPassphrase('a', salt, 2))).toBe(await mark(keys[0]));
    for (const { encryption, naming } of keys) {
      expect([encryption.extractable, naming.extractable]).toEqual([false, false]);
    }
  });

  test('opens what was made with it, on another device too; another, or the key of the device, does not', async () => {
    const raw = await rawStore('horse');
    const store = await encryptedStore(raw, { passphrase: 'correct horse' });
    await store.put('person', Uint8Array.of(1, 2));
    await destroyKey('horse');
    const again = await encryptedStore(raw, { passphrase: 'correct horse' });
    expect(await again.get('person')).toEqual(Uint8Array.of(1, 2));
    expect(again.why).toContain('encrypted with a passphrase');
    const error = await errorOf(encryptedStore(raw, { passphrase: 'Correct horse' }));
    expect(error.code).toBe('store-locked');
    expect(`${error.message}${JSON.stringify(error.details)}`).not.toMatch(/correct horse/i);
    expect((await errorOf(encryptedStore(raw, { key: 'device' }))).message).toContain('a passphrase is needed');
    const device = await rawStore('device');
    await encryptedStore(device, { key: 'device' });
    expect(await codeOf(encryptedStore(device, { passphrase: 'a' }))).toBe('store-locked');
  });

  test('is stretched 600,000 times with 16 random bytes of salt, which lie beside the values', async () => {
    const records: Uint8Array<ArrayBuffer>[] = [];
    for (const name of ['one', 'two']) {
      const raw = await rawStore(name);
      await encryptedStore(raw, { passphrase: 'correct horse' });
      records.push((await raw.get(LOCK)) as Uint8Array<ArrayBuffer>);
    }
    const [one, two] = records as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
    expect(new DataView(one.buffer).getUint32(5, true)).toBe(600_000);
    expect(one.slice(9, 25)).not.toEqual(two.slice(9, 25));
  });

  test('given by two tabs to a new store at once makes one lock, where the browser has web locks', async () => {
    const queue = makeQueue();
    const request = vi.fn((_: string, work: () => Promise<unknown>) => queue(work));
    vi.stubGlobal('navigator', { locks: { request } });
    const raw = await rawStore('raced');
    const access = { passphrase: 'correct horse' };
    const [one, other] = await Promise.all([encryptedStore(raw, access), encryptedStore(raw, access)]);
    await one.put('key', Uint8Array.of(1));
    expect(await other.get('key')).toEqual(Uint8Array.of(1));
    expect(request).toHaveBeenCalledTimes(2);
  });
});
