import { afterEach, describe, expect, test, vi } from 'vitest';
import { type HashAlgorithm, hashBytes, keyedHash, sha256, toHex } from './hash.ts';

afterEach(() => vi.unstubAllGlobals());

// The examples of FIPS 180-2, appendices B to D.
const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const ofAbc: Readonly<Record<HashAlgorithm, string>> = {
  'SHA-256': abc,
  'SHA-384': 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  'SHA-512':
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
    '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
};

describe.each(['with the platform', 'without it, as on an insecure page'])('%s', (where) => {
  const without = () => where !== 'with the platform' && vi.stubGlobal('crypto', {});

  test('it is SHA-256', async () => {
    without();
    expect(await sha256(new TextEncoder().encode('abc'))).toBe(abc);
    expect(await sha256(new Uint8Array())).toBe(empty);
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set(new TextEncoder().encode('abc'));
    expect(await sha256(shared)).toBe(abc);
  });

  test.each(Object.entries(ofAbc))('it is %s', async (algorithm, expected) => {
    without();
    expect(toHex(await hashBytes(algorithm as HashAlgorithm, new TextEncoder().encode('abc')))).toBe(expected);
  });
});

// RFC 4231, test cases 2 and 6.
test.each([
  [
    'a short secret',
    new TextEncoder().encode('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'a long one',
    new Uint8Array(131).fill(0xaa),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('a keyed hash is HMAC with SHA-256, with %s, with the platform and without', async (_, secret, text, expected) => {
  const bytes = new TextEncoder().encode(text);
  expect(toHex(await (await keyedHash(secret))(bytes))).toBe(expected);
  vi.stubGlobal('crypto', {});
  expect(toHex(await (await keyedHash(secret))(bytes))).toBe(expected);
});

test('the library gives events their turn, and the same hash of a view that fills several blocks', async () => {
  const bytes = Uint8Array.from({ length: 700_001 }, (_, i) => (i * 31 + (i >> 8)) & 255).subarray(1);
  const expected = await sha256(bytes);
  vi.stubGlobal('crypto', {});
  let turns = 0;
  let isOver = false;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    turns++;
    if (!isOver) port2.postMessage(0);
  };
  port2.postMessage(0);
  expect(await sha256(bytes)).toBe(expected);
  isOver = true;
  port1.close();
  expect(turns).toBeGreaterThan(1);
});
