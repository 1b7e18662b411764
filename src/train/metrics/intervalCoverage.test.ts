import { expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { intervalCoverage } from './intervalCoverage.ts';

const array = (width: number, ...data: number[]) => ({
  data: Float32Array.from(data),
  shape: [data.length / width, width],
});
const column = (...data: number[]) => array(1, ...data);

test('counts the values between the outer quantiles, borders included', () => {
  const student = array(3, 0, 5, 10, /**/ 0, 5, 10, /**/ 0, 5, 10, /**/ 0, 5, 10);
  expect(intervalCoverage.compute({ student, teacher: column(-1, 0, 10, 10.5) })).toBe(0.5);
  expect(intervalCoverage.compute({ student, teacher: column(1, 2, 3, 4) })).toBe(1);
});

test('takes several values for each example, such as those of a forest’s trees', () => {
  const student = array(2, 0, 1, /**/ 10, 11);
  const teacher = array(3, 0.5, 2, 1, /**/ 10.5, 10.6, 0);
  expect(intervalCoverage.compute({ student, teacher })).toBeCloseTo(4 / 6, 12);
});

test('of one quantile is the fraction not above it, and an interval whose limits have crossed holds nothing', () => {
  expect(intervalCoverage.compute({ student: column(1, 1, 1), teacher: column(0, 1, 2) })).toBeCloseTo(2 / 3, 12);
  expect(intervalCoverage.compute({ student: array(2, 3, 1), teacher: column(2) })).toBe(0);
});

test('is what the quantiles promise where they are right', () => {
  const random = seededRandom(1);
  const values = Array.from({ length: 4000 }, () => random());
  const student = array(2, ...values.flatMap(() => [0.05, 0.95]));
  expect(intervalCoverage.compute({ student, teacher: column(...values) })).toBeCloseTo(0.9, 1);
});

test('is NaN if a number is', () => {
  expect(intervalCoverage.compute({ student: array(2, 0, Number.NaN), teacher: column(0) })).toBeNaN();
  expect(intervalCoverage.compute({ student: array(2, 0, 1), teacher: column(Number.NaN) })).toBeNaN();
});
