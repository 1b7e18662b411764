import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { encryptedStore, wipe } from './encrypted.ts';
import { bytesOf, codeOf, errorOf, holds, rawStore } from './encryptedCases.ts';
import { openStore } from './openStore.ts';
import { storeContract } from './storeContract.ts';
import { isLock, LOCK, LOCK_COPY } from './storeLock.ts';

afterEach(() => vi.unstubAllGlobals());

describe.each(['memory', 'indexeddb'] as const)('an encrypted store in %s', (kind) => {
  for (const [i, check] of storeContract.entries()) {
    if (!check.kinds.includes(kind)) continue;
    test(check.name, () =>
      check.run(async () => encryptedStore(await openStore(`encrypted/${i}`, { kind }), { key: 'device' })),
    );
  }
});

describe('what lies in the store beneath', () => {
  const label = 'persons/Ada Lovelace/1815';
  const text = 'heart rate 61, sleeps badly, likes engines';

  test('holds neither a value nor a key, nor any part of them', async () => {
    const raw = await rawStore('plain');
    const store = await encryptedStore(raw, { key: 'device' });
    await store.put(label, bytesOf(text));
    await store.put('x'.repeat(300), new Uint8Array(400).fill(7));
    const names = await raw.keys();
    expect(names).toHaveLength(4);
    for (const name of names) {
      expect(isLock(name) || /^[0-9a-f]{64}$/.test(name)).toBe(true);
      const held = (await raw.get(name)) as Uint8Array;
      for (const secret of [text, label, 'Ada', 'rate', '1815', 'xxxx', '\x07\x07\x07\x07']) {
        expect(holds(held, bytesOf(secret)), `"${secret}" in ${name}`).toBe(false);
      }
    }
    expect(new TextDecoder().decode(await store.get(label))).toBe(text);
    expect(await store.keys('persons/')).toEqual([label]);
  });

  test('is another for the same value put twice, and no nonce comes again in 10,000 puts', async () => {
    const raw = await rawStore('nonces');
    const nonces = new Set<string>();
    const put = raw.put;
    const watched = {
      ...raw,
      put: async (key: string, bytes: Uint8Array) => {
        if (!isLock(key)) {
          // The label's begins after magic and block count; the value's after a label of one block.
          for (const at of [8, 8 + 12 + 64 + 16]) nonces.add(bytes.slice(at, at + 12).join());
        }
        return put(key, bytes);
      },
    };
    const store = await encryptedStore(watched, { key: 'device' });
    for (let start = 0; start < 10_000; start += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, i) => store.put(`${i}`, Uint8Array.of(1))));
    }
    expect(nonces.size).toBe(20_000);
  });

  test('tells how long a value is, and of its key only in steps of 64 bytes', async () => {
    const raw = await rawStore('lengths');
    const store = await encryptedStore(raw, { key: 'device' });
    const sizes = async (key: string, length: number) => {
      await store.put(key, new Uint8Array(length));
      const names = (await raw.keys()).filter((name) => !isLock(name));
      const size = await raw.size(names[0] as string);
      await store.delete(key);
      return size;
    };
    expect(await sizes('a', 10)).toBe(128 + 10);
    expect(await sizes('a'.repeat(55), 10)).toBe(128 + 10);
    expect(await sizes('a'.repeat(56), 0)).toBe(192);
  });
});

describe('in use', () => {
  test('a short value put after a long one, not awaited, is the one that stays', async () => {
    const store = await encryptedStore(await rawStore('order'), { key: 'device' });
    const puts = [store.put('key', new Uint8Array(3_000_000)), store.put('key', Uint8Array.of(1))];
    const got = store.get('key');
    await Promise.all(puts);
    expect(await got).toEqual(Uint8Array.of(1));
    expect(await store.get('key')).toEqual(Uint8Array.of(1));
  });

  test('says what it is, and leaves the store beneath open when disposed', async () => {
    const raw = await rawStore('about');
    const store = await encryptedStore(raw, { key: 'device' });
    expect(store).toMatchObject({ name: raw.name, kind: 'memory' });
    expect(store.why).toBe('Memory was asked for. It is encrypted with the key of this device.');
    await store[Symbol.asyncDispose]();
    expect(await raw.keys()).toEqual([LOCK, LOCK_COPY]);
  });

  test('a full store is told with the key and the length that the caller knows', async () => {
    const full = new DOMException('the quota is full', 'QuotaExceededError');
    const raw = await rawStore('full', { put: (key) => (isLock(key) ? undefined : Promise.reject(full)) });
    const store = await encryptedStore(raw, { key: 'device' });
    const error = await errorOf(store.put('person', new Uint8Array(20)));
    expect(error.code).toBe('store-full');
    expect(error.details).toMatchObject({ key: 'person', bytes: 20 });
    expect(error.cause).toBe(full);
  });

  test('a store beneath that was disposed says so', async () => {
    const raw = await rawStore('closed');
    const store = await encryptedStore(raw, { key: 'device' });
    await raw[Symbol.asyncDispose]();
    expect(await codeOf(store.get('a'))).toBe('disposed');
    expect(await codeOf(store.put('a', Uint8Array.of(1)))).toBe('disposed');
    expect(await codeOf(store.keys())).toBe('disposed');
    expect(await codeOf(store.size('a'))).toBe('disposed');
  });

  test('a wipe leaves nothing, and the store can be encrypted anew with another key', async () => {
    const raw = await rawStore('wiped');
    const store = await encryptedStore(raw, { key: 'device' });
    for (const key of ['a', 'b', 'c']) await store.put(key, Uint8Array.of(1));
    const order: string[] = [];
    const remove = (key: string) => {
      order.push(key);
      return raw.delete(key);
    };
    await wipe({ ...raw, delete: remove });
    expect(await raw.keys()).toEqual([]);
    expect(order).toHaveLength(5);
    expect(order.slice(-2)).toEqual([LOCK_COPY, LOCK]);
    const anew = await encryptedStore(raw, { passphrase: 'another' });
    expect(await anew.keys()).toEqual([]);
  });
});

describe('before anything is written', () => {
  test('a page without WebCrypto is told', async () => {
    vi.stubGlobal('crypto', { getRandomValues: () => undefined });
    const raw = await rawStore('insecure');
    for (const access of [{ key: 'device' }, { passphrase: 'correct horse' }] as const) {
      const error = await errorOf(encryptedStore(raw, access));
      expect(error.code).toBe('crypto-unavailable');
      expect(error.message).toContain('https');
    }
    vi.stubGlobal('crypto', undefined);
    expect(await codeOf(encryptedStore(raw, { key: 'device' }))).toBe('crypto-unavailable');
    expect(await raw.keys()).toEqual([]);
  });

  test.each([
    ['no access', undefined],
    ['neither', {}],
    ['both', { key: 'device', passphrase: 'a' }],
    ['another key', { key: 'mine' }],
    ['an empty passphrase', { passphrase: '' }],
    ['a passphrase that is no text', { passphrase: 12 }],
    ['an option that there is not', { key: 'device', iterations: 1 }],
  ])('%s is refused, without telling what was given', async (_, access) => {
    const raw = await rawStore('access');
    const error = await errorOf(encryptedStore(raw, access as { key: 'device' }));
    expect(error.code).toBe('invalid-option');
    expect(JSON.stringify([error.message, error.details])).not.toContain('12');
    expect(await raw.keys()).toEqual([]);
  });

  test('a store with values that are not encrypted is refused, and keeps them', async () => {
    const raw = await rawStore('mixed');
    await raw.put('model', Uint8Array.of(1, 2));
    const error = await errorOf(encryptedStore(raw, { key: 'device' }));
    expect(error.code).toBe('invalid-option');
    expect(error.message).toContain('"model"');
    expect(await raw.keys()).toEqual(['model']);
  });
});
