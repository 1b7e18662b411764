import { expect, test } from 'vitest';
import { mcNemar, pairsOf } from './paired.ts';

/** Twice the tail of the binomial distribution at one half, term by term. */
function byHand(onlyStudent: number, onlyControl: number): number {
  const count = onlyStudent + onlyControl;
  let [ways, tail] = [1, 0];
  for (let k = 0; k <= Math.min(onlyStudent, onlyControl); k++) {
    tail += ways;
    ways = (ways * (count - k)) / (k + 1);
  }
  return Math.min(1, (2 * tail) / 2 ** count);
}

test.each([
  [0, 0],
  [1, 0],
  [5, 5],
  [0, 6],
  [20, 40],
  [12, 30],
  [300, 360],
])('%i to %i has the probability of the binomial distribution', (onlyStudent, onlyControl) => {
  const expected = byHand(onlyStudent, onlyControl);
  expect(mcNemar({ onlyStudent, onlyControl })).toBeCloseTo(expected, 10);
  expect(mcNemar({ onlyStudent: onlyControl, onlyControl: onlyStudent })).toBeCloseTo(expected, 10);
});

test('known values: a fair coin that falls on one side 10 times of 12, and 6 of 6', () => {
  expect(mcNemar({ onlyStudent: 10, onlyControl: 2 })).toBeCloseTo((2 * (1 + 12 + 66)) / 4096, 12);
  expect(mcNemar({ onlyStudent: 6, onlyControl: 0 })).toBeCloseTo(2 / 64, 12);
});

test('many examples neither overflow nor underflow', () => {
  // For counts this large the normal distribution is nearly the same: z = 2 gives 0.0455.
  expect(mcNemar({ onlyStudent: 500_000 + 1_000, onlyControl: 500_000 - 1_000 })).toBeCloseTo(0.0455, 3);
  expect(mcNemar({ onlyStudent: 500_000, onlyControl: 500_000 })).toBe(1);
  expect(mcNemar({ onlyStudent: 1e6, onlyControl: 10 })).toBe(0);
});

test('counts what only one of the two knows, and nothing without a label', () => {
  const array = (...rows: number[][]) => ({ data: Float32Array.from(rows.flat()), shape: [rows.length, 2] });
  const student = array([1, 0], [1, 0], [0, 1], [1, 0], [1, 0]);
  const control = array([1, 0], [0, 1], [1, 0], [0, 1], [0, 1]);
  expect(pairsOf(student, control, Int32Array.of(0, 0, 0, 0, -1))).toEqual({ onlyStudent: 2, onlyControl: 1 });
});
