import { expect, test } from 'vitest';
import { drawKey, isKey } from './secretKey.ts';
import { bytesOf, secretNumbers } from './secretRandom.ts';

/** RFC 8439, appendix A.1, test vector 1: key, nonce and counter of zeros give these bytes first. */
const PUBLISHED =
  '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586';

test('numbers are ChaCha20’s, 53 bits of each eight bytes', () => {
  // A purpose without letters is a nonce of zeros.
  const numbers = secretNumbers(new Array(8).fill(0), '' as 'noise');
  const bytes = new DataView(Uint8Array.from(PUBLISHED.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16)).buffer);
  for (let at = 0; at < 64; at += 8) {
    const bits = (bytes.getUint32(at, true) >>> 5) * 2 ** 26 + (bytes.getUint32(at + 4, true) >>> 6);
    expect(numbers()).toBe((bits + 1) / (2 ** 53 + 2));
  }
});

test('a stream goes on without repeating itself, and each purpose and key has its own', () => {
  const key = [1, 2, 3, 4, 5, 6, 7, 8];
  const take = (words: readonly number[], purpose: 'noise' | 'lots') =>
    Array.from({ length: 3000 }, secretNumbers(words, purpose));
  const noise = take(key, 'noise');
  expect(take(key, 'noise')).toEqual(noise);
  const all = new Set([...noise, ...take(key, 'lots'), ...take([1, 2, 3, 4, 5, 6, 7, 9], 'noise')]);
  expect(all.size).toBe(9000);
  for (const number of all) expect(number > 0 && number < 1).toBe(true);
});

test('keys are 256 bits, fresh each time', () => {
  const keys = [drawKey(), drawKey()];
  expect(keys[0]).not.toEqual(keys[1]);
  expect(keys.every(isKey)).toBe(true);
  expect([...bytesOf([1, 256, 0, 0, 0, 0, 0, 2 ** 32 - 1])].map((byte, i) => [i, byte]).filter(([, b]) => b)).toEqual([
    [0, 1],
    [5, 1],
    ...[28, 29, 30, 31].map((i) => [i, 255]),
  ]);
  for (const bad of [[], [1, 2, 3, 4], new Array(9).fill(1), new Array(8).fill(0.5), new Array(8).fill(-1), 'key']) {
    expect(isKey(bad)).toBe(false);
  }
  expect(isKey([...new Array(7).fill(1), 2 ** 32])).toBe(false);
});
