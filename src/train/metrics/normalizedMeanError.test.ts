import { expect, test } from 'vitest';
import { pointCases } from '../pointCases.ts';
import { normalizedMeanError, normalizedMeanErrorOf } from './normalizedMeanError.ts';

const array = (points: number, ...data: number[]) => ({
  data: Float32Array.from(data),
  shape: [data.length / points / 2, points, 2],
});

test.each(pointCases())('has PyTorch’s values, $shape', ({ student, teacher, ...golden }) => {
  expect(normalizedMeanError.compute({ student, teacher })).toBeCloseTo(golden.normalizedMeanError, 12);
  const byPair = normalizedMeanErrorOf({ between: [0, 1] });
  expect(byPair.compute({ student, teacher })).toBeCloseTo(golden.normalizedMeanErrorByPair, 12);
});

test('does not depend on the size of the picture, and is 0 between a model and itself', () => {
  const [teacher, student] = [array(2, 0, 0, 3, 4), array(2, 0, 1, 3, 4)];
  expect(normalizedMeanError.compute({ student, teacher })).toBeCloseTo(0.5 / 5, 12);
  const larger = ({ data, shape }: ReturnType<typeof array>) => ({ data: data.map((x) => 100 * x), shape });
  expect(normalizedMeanError.compute({ student: larger(student), teacher: larger(teacher) })).toBeCloseTo(0.1, 12);
  expect(normalizedMeanError.compute({ student: teacher, teacher })).toBe(0);
});

test('is NaN if a number is, and without bound where a length is 0', () => {
  const point = array(1, 1, 1);
  expect(normalizedMeanError.compute({ student: array(1, Number.NaN, 1), teacher: point })).toBeNaN();
  expect(normalizedMeanError.compute({ student: array(1, 2, 1), teacher: point })).toBe(Number.POSITIVE_INFINITY);
  expect(normalizedMeanError.compute({ student: point, teacher: point })).toBe(0);
});

test('names its length, and refuses one that is not there', () => {
  expect(normalizedMeanErrorOf({ between: [3, 1] }).name).toBe('normalizedMeanError by 3–1');
  for (const between of [[0], [0, 0], [0, -1], [0, 1.5], 'eyes'] as unknown as [number, number][]) {
    expect(() => normalizedMeanErrorOf({ between })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
  const student = array(2, 0, 0, 3, 4);
  expect(() => normalizedMeanErrorOf({ between: [0, 2] }).compute({ student, teacher: student })).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('there are 2 points') }),
  );
});
