import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinShares, type Share, splitSecret } from './shamir.ts';

const secrets = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((half) => Uint8Array.of(...half, ...half));

test('any `threshold` shares give the secret, in any order', () => {
  fc.assert(
    fc.property(secrets, fc.integer({ min: 1, max: 12 }), fc.nat(8), fc.nat(), (secret, threshold, more, turn) => {
      const shares = splitSecret(secret, threshold, threshold + more);
      const turned = [...shares.slice(turn % shares.length), ...shares.slice(0, turn % shares.length)];
      expect(joinShares(turned.slice(0, threshold).reverse())).toEqual(secret);
      expect(joinShares(shares)).toEqual(secret);
    }),
  );
});

test('fewer shares say nothing: whatever the secret is, each byte is as likely', () => {
  const counts = [0, 255].map((byte) => {
    const secret = new Uint8Array(2000).fill(byte);
    const found = new Float64Array(256);
    // With two of three shares the third's place is free: joined without it, every secret comes out.
    for (const byte of joinShares(splitSecret(secret, 3, 5).slice(0, 2))) found[byte] = (found[byte] as number) + 1;
    return found;
  });
  for (const found of counts) {
    const squared = found.reduce((sum, count) => sum + (count - 2000 / 256) ** 2 / (2000 / 256), 0);
    expect((squared - 255) / Math.sqrt(2 * 255)).toBeLessThan(6);
  }
});

test('one wrong share gives another secret', () => {
  const secret = Uint8Array.of(1, 2, 3, 4);
  const shares = splitSecret(secret, 3, 3);
  const [first, ...rest] = shares as [Share, ...Share[]];
  expect(joinShares([{ ...first, bytes: first.bytes.map((byte) => byte ^ 1) }, ...rest])).not.toEqual(secret);
});

test('shares of a thousand clients', () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  expect(joinShares(splitSecret(secret, 20, 1000).slice(-20))).toEqual(secret);
});

test('what cannot be split or joined is refused', () => {
  const refused = expect.objectContaining({ code: 'invalid-option' });
  const share = (at: number, length = 2) => ({ at, bytes: new Uint8Array(length) });
  for (const [threshold, shares] of [
    [0, 3],
    [4, 3],
    [1.5, 3],
    [1, 65_536],
  ] as const) {
    expect(() => splitSecret(new Uint8Array(2), threshold, shares)).toThrow(refused);
  }
  expect(() => splitSecret(new Uint8Array(3), 2, 3)).toThrow(refused);
  for (const shares of [
    [],
    [share(1), share(1)],
    [share(1), share(2, 4)],
    [share(0)],
    [share(70_000)],
    [share(1, 3)],
  ]) {
    expect(() => joinShares(shares)).toThrow(refused);
  }
});
