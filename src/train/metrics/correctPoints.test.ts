import { expect, test } from 'vitest';
import { measure } from '../measure.ts';
import { pointCases } from '../pointCases.ts';
import { correctPoints, correctPointsOf } from './correctPoints.ts';

const array = (points: number, ...data: number[]) => ({
  data: Float32Array.from(data),
  shape: [data.length / points / 2, points, 2],
});

test.each(pointCases())('has PyTorch’s values, $shape', ({ student, teacher, ...golden }) => {
  expect(correctPoints.compute({ student, teacher })).toBeCloseTo(golden.correctPoints, 12);
  const byPair = correctPointsOf({ between: [0, 1], within: 0.2 });
  expect(byPair.compute({ student, teacher })).toBeCloseTo(golden.correctPointsByPair, 12);
});

test('counts points up to the distance, which belongs to it', () => {
  const teacher = array(2, 0, 0, 0, 8);
  const off = (distance: number) => array(2, distance, 0, 0, 8);
  const half = correctPointsOf({ within: 0.25 });
  expect(half.compute({ student: off(2), teacher })).toBe(1);
  expect(half.compute({ student: off(2.01), teacher })).toBe(0.5);
  expect(half.compute({ student: array(2, Number.NaN, 0, 0, 8), teacher })).toBeNaN();
});

test('is measured of points, with further ones by their names', () => {
  const points = array(2, 0, 0, 3, 4);
  const own = correctPointsOf({ within: 0.1, between: [0, 1] });
  const found = measure({ student: points, teacher: points }, { kind: 'points', metrics: [own] });
  expect(found).toEqual({ 'correctPoints@0.05': 1, 'correctPoints@0.1 by 0–1': 1, normalizedMeanError: 0 });
  for (const within of [0, -1, Number.NaN]) {
    expect(() => correctPointsOf({ within })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
});
