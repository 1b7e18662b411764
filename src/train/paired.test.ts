import { expect, test } from 'vitest';
import { lossByChance, pairsOf } from './paired.ts';

test('counts what only one of two models gets right, whatever their classes', () => {
  const before = { data: Float32Array.of(1, 0, /**/ 0, 1, /**/ 1, 0, /**/ 1, 0), shape: [4, 2] };
  const after = { data: Float32Array.of(1, 0, 0, /**/ 1, 0, 0, /**/ 0, 0, 1, /**/ 0, 1, 0), shape: [4, 3] };
  // Right in both; only before; only after, in a new class; in neither.
  expect(pairsOf(before, after, Int32Array.of(0, 1, 2, 2))).toEqual({ gained: 1, lost: 1 });
});

// scipy.stats.binomtest(lost, gained + lost, 0.5, alternative='greater').pvalue
test.each([
  [0, 0, 1],
  [5, 0, 1],
  [0, 2, 0.25],
  [0, 5, 0.03125],
  [1, 2, 0.5],
  [5, 6, 0.5],
  [3, 15, 0.003768920898],
  [9, 20, 0.03071417287],
])('of %i gains and %i losses the probability is that of coin tosses', (gained, lost, needed) => {
  expect(lossByChance({ gained, lost })).toBeCloseTo(needed, 9);
});

test('does not underflow for many examples', () => {
  expect(lossByChance({ gained: 2000, lost: 2000 })).toBeCloseTo(0.5, 1);
  expect(lossByChance({ gained: 1800, lost: 2200 })).toBeLessThan(1e-8);
});
