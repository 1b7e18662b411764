import { expect, test } from 'vitest';
import { meanAbsoluteError } from './meanAbsoluteError.ts';

const array = (width: number, ...data: number[]) => ({
  data: Float32Array.from(data),
  shape: [data.length / width, width],
});
const teacher = array(2, 1, 10, 2, 10, 3, 10, 4.5, 10);
const student = array(2, 1.5, 10, 2, 9, 2, 10, 4, 10);

test('is the mean distance, over all numbers, in their unit', () => {
  expect(meanAbsoluteError.compute({ student, teacher })).toBeCloseTo((0.5 + 1 + 1 + 0.5) / 8, 12);
  const [cm, ofTeacher] = [student, teacher].map(({ data, shape }) => ({ data: data.map((x) => 100 * x), shape }));
  expect(
    meanAbsoluteError.compute({ student: cm as typeof student, teacher: ofTeacher as typeof teacher }),
  ).toBeCloseTo(37.5, 10);
});

test('is 0 between a model and itself, and NaN if a number is', () => {
  expect(meanAbsoluteError.compute({ student, teacher: student })).toBe(0);
  expect(meanAbsoluteError.compute({ student: array(1, Number.NaN), teacher: array(1, 0) })).toBeNaN();
});
