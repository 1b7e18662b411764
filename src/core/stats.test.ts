import { describe, expect, test } from 'vitest';
import {
  argMax,
  evenly,
  mean,
  median,
  medianDeviation,
  quantile,
  standardDeviation,
  studentQuantile,
} from './stats.ts';

describe('argMax', () => {
  const values = Float32Array.of(9, 9, 1, 5, 3, -4, -1, -9);
  test('is counted from the offset', () => {
    expect(argMax(values, 2, 3)).toBe(1);
    expect(argMax(values, 5, 3)).toBe(1);
    expect(argMax(values, 3, 1)).toBe(0);
  });
  test('is the first of equal values', () => {
    expect(argMax(values, 0, 3)).toBe(0);
    expect(argMax([0, 0, 0], 0, 3)).toBe(0);
  });
});

test('mean and sample standard deviation', () => {
  expect(mean([2, 4, 4, 4, 5, 5, 7, 9])).toBe(5);
  // Sum of squares 32, seven degrees of freedom.
  expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12);
  expect(standardDeviation([3, 3, 3])).toBe(0);
  expect(standardDeviation([3])).toBe(0);
  expect(standardDeviation([])).toBe(0);
});

describe('quantile', () => {
  // As numpy.quantile with its default method, linear.
  test.each([
    [0, 1],
    [0.25, 2.5],
    [0.5, 5],
    [0.9, 9.4],
    [1, 11],
  ])('%f of five values is %f', (fraction, expected) => {
    expect(quantile([11, 1, 5, 7, 2.5], fraction)).toBeCloseTo(expected, 12);
  });

  test('leaves the values in their order', () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
  });

  test('of an even count lies between, of one value is that value, of none is NaN', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([8])).toBe(8);
    expect(median([])).toBeNaN();
  });
});

test('the median distance from the median', () => {
  expect(medianDeviation([1, 1, 2, 2, 4, 6, 9])).toBe(1);
});

test("Student's distribution, as tables have it", () => {
  for (const [degrees, reach95, reach99] of [
    [1, 12.706, 63.657],
    [2, 4.303, 9.925],
    [3, 3.182, 5.841],
    [10, 2.228, 3.169],
    [29, 2.045, 2.756],
    [120, 1.98, 2.617],
  ] as const) {
    expect(studentQuantile(0.95, degrees)).toBeCloseTo(reach95, 2);
    expect(studentQuantile(0.99, degrees)).toBeCloseTo(reach99, 2);
  }
});

test('values drawn evenly', () => {
  expect(evenly([1, 2], 3)).toEqual([1, 2]);
  expect(evenly([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2)).toEqual([2, 7]);
});
