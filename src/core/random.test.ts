import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { derivedSeed, permutation, seededRandom } from './random.ts';

describe('seededRandom', () => {
  // The 32-bit words of mulberry32, computed apart from it with Python's whole numbers.
  test.each([
    [0, [1144304738, 1416247, 958946056, 627933444]],
    [1, [2693262067, 11749833, 2265367787, 4213581821]],
    [20260, [2077988616, 1828741139, 2225863373, 3620866520]],
    [4294967295, [3850105811, 813802916, 3073704848, 4054706436]],
  ])('gives mulberry32’s numbers for the seed %i', (seed, words) => {
    const random = seededRandom(seed);
    expect(words.map(() => random() * 2 ** 32)).toEqual(words);
  });

  test('stays in [0, 1) and is spread evenly', () => {
    const random = seededRandom(7);
    const tenths = new Array<number>(10).fill(0);
    let isInside = true;
    for (let i = 0; i < 100_000; i++) {
      const value = random();
      isInside &&= value >= 0 && value < 1;
      tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? 0) + 1;
    }
    expect(isInside).toBe(true);
    // Six standard deviations of a binomial count with n = 100,000 and p = 0.1.
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(6 * Math.sqrt(100_000 * 0.1 * 0.9));
  });
});

describe('derivedSeed', () => {
  // FNV-1a's published test vectors.
  test.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('is FNV-1a of "%s" for the seed 0', (purpose, hash) => expect(derivedSeed(0, purpose)).toBe(hash));

  test('differs by seed and by purpose, and is an unsigned 32-bit number', () => {
    const purposes = Array.from({ length: 100 }, (_, i) => `epoch/${i}`);
    const seeds = [0, 1, 2, 20260, 2 ** 30].flatMap((seed) => purposes.map((purpose) => derivedSeed(seed, purpose)));
    expect(new Set(seeds).size).toBe(500);
    for (const seed of seeds) expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
  });
});

describe('permutation', () => {
  const sizes = fc.integer({ min: 0, max: 300 });
  const seeds = fc.nat();

  test('holds each number once', () => {
    const holds = fc.property(sizes, seeds, (size, seed) => {
      const order = permutation(size, seededRandom(seed));
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
    });
    fc.assert(holds, { seed: 20260 });
  });

  test('is decided by the seed', () => {
    const holds = fc.property(sizes, seeds, (size, seed) => {
      expect(permutation(size, seededRandom(seed))).toEqual(permutation(size, seededRandom(seed)));
    });
    fc.assert(holds, { seed: 20260 });
    expect(permutation(50, seededRandom(1))).not.toEqual(permutation(50, seededRandom(2)));
  });

  test('makes every order of three about equally often', () => {
    const random = seededRandom(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const order = permutation(3, random).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Six standard deviations of a binomial count with n = 60,000 and p = 1/6.
    for (const count of counts.values()) {
      expect(Math.abs(count - 10_000)).toBeLessThan(6 * Math.sqrt((60_000 * 5) / 36));
    }
  });
});
