import { expect, test } from 'vitest';
import { coefficientOfDetermination } from './coefficientOfDetermination.ts';

const array = (width: number, ...data: number[]) => ({
  data: Float32Array.from(data),
  shape: [data.length / width, width],
});
const teacher = array(1, 1, 2, 3, 4.5);

test('equals scikit-learn’s r2_score', () => {
  // Σ(t − t̄)² = 6.6875 with t̄ = 2.625; Σ(t − s)² = 1.5.
  expect(coefficientOfDetermination.compute({ student: array(1, 1.5, 2, 2, 4), teacher })).toBeCloseTo(
    1 - 1.5 / 6.6875,
    12,
  );
});

test('is 1 for exact answers, 0 for the mean, and negative for worse answers', () => {
  expect(coefficientOfDetermination.compute({ student: teacher, teacher })).toBe(1);
  const mean = array(1, 2.625, 2.625, 2.625, 2.625);
  expect(coefficientOfDetermination.compute({ student: mean, teacher })).toBe(0);
  expect(coefficientOfDetermination.compute({ student: array(1, 4.5, 3, 2, 1), teacher })).toBeLessThan(-1);
});

test('is the mean over the outputs; one whose target never varies counts 1 if it is exact, otherwise 0', () => {
  const wide = array(2, 1, 10, 2, 10, 3, 10, 4.5, 10);
  const met = array(2, 1.5, 10, 2, 10, 2, 10, 4, 10);
  const missed = array(2, 1.5, 10, 2, 9, 2, 10, 4, 10);
  const first = 1 - 1.5 / 6.6875;
  expect(coefficientOfDetermination.compute({ student: met, teacher: wide })).toBeCloseTo((first + 1) / 2, 12);
  expect(coefficientOfDetermination.compute({ student: missed, teacher: wide })).toBeCloseTo(first / 2, 12);
});

test('is NaN if an answer is NaN', () => {
  expect(coefficientOfDetermination.compute({ student: array(1, Number.NaN, 1), teacher: array(1, 3, 3) })).toBeNaN();
});
