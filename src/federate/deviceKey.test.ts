import { describe, expect, test } from 'vitest';
import { toHex } from '../core/hash.ts';
import { deviceKey, isPublicKey, isSignedBy, libraryEd25519, platformEd25519 } from './deviceKey.ts';

const fromHex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

// RFC 8032, §7.1, test 2.
const seed = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
const publicKey = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const signature =
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

test('a device signs as the standard says', async () => {
  const key = await deviceKey(seed);
  expect(key.publicKey).toBe(publicKey);
  expect(toHex(await key.sign(Uint8Array.of(0x72)))).toBe(signature);
  expect(await isSignedBy(publicKey, Uint8Array.of(0x72), fromHex(signature))).toBe(true);
});

test('nothing else is a signature', async () => {
  const bytes = Uint8Array.of(0x72);
  const sound = fromHex(signature);
  expect(await isSignedBy(publicKey, Uint8Array.of(0x73), sound)).toBe(false);
  expect(await isSignedBy((await deviceKey()).publicKey, bytes, sound)).toBe(false);
  for (const at of [0, 31, 32, 63]) {
    expect(
      await isSignedBy(
        publicKey,
        bytes,
        sound.map((byte, i) => (i === at ? byte ^ 1 : byte)),
      ),
    ).toBe(false);
  }
  expect(await isSignedBy(publicKey, bytes, sound.slice(1))).toBe(false);
  for (const key of ['', 'x', publicKey.toUpperCase(), 'ff'.repeat(32)]) {
    expect(await isSignedBy(key, bytes, sound)).toBe(false);
  }
  expect(isPublicKey(undefined)).toBe(false);
});

describe('platform and library', () => {
  test('are the same: each reads what the other has signed', async () => {
    const platform = await platformEd25519();
    expect(platform).toBeDefined();
    const library = await libraryEd25519();
    for (let trial = 0; trial < 5; trial++) {
      const own = crypto.getRandomValues(new Uint8Array(32));
      const bytes = crypto.getRandomValues(new Uint8Array(trial * 50));
      for (const ways of [library, ...(platform ? [platform] : [])]) {
        const key = await ways.publicKey(own);
        expect(key).toBe(await library.publicKey(own));
        const signed = await ways.sign(own, bytes);
        expect(await library.verify(fromHex(key), bytes, signed)).toBe(true);
        expect(await platform?.verify(fromHex(key), bytes, signed)).toBe(true);
      }
    }
    // A key that is no point of the curve.
    expect(await library.verify(new Uint8Array(32).fill(0xff), new Uint8Array(), new Uint8Array(64))).toBe(false);
  });
});

test('each device has a key of its own, and a seed of another length is refused', async () => {
  expect((await deviceKey()).publicKey).not.toBe((await deviceKey()).publicKey);
  await expect(deviceKey(new Uint8Array(31))).rejects.toEqual(expect.objectContaining({ code: 'invalid-option' }));
});
