import { expect, test } from 'vitest';
import { boxCases } from '../pointCases.ts';
import { meanOverlap } from './meanOverlap.ts';

const boxes = (...data: number[]) => ({ data: Float32Array.from(data), shape: [data.length / 4, 4] });

test.each(boxCases())('is what counting squares gives, $shape', ({ student, teacher, ...golden }) => {
  expect(meanOverlap.compute({ student, teacher })).toBeCloseTo(golden.meanOverlap, 12);
});

test('is 1 for equal boxes, also without any area, and 0 for boxes that touch', () => {
  const [unit, line] = [boxes(0, 0, 1, 1), boxes(0, 0.5, 1, 0.5)];
  expect(meanOverlap.compute({ student: unit, teacher: unit })).toBe(1);
  expect(meanOverlap.compute({ student: line, teacher: line })).toBe(1);
  expect(meanOverlap.compute({ student: line, teacher: boxes(0, 0.25, 1, 0.25) })).toBe(0);
  expect(meanOverlap.compute({ student: unit, teacher: boxes(1, 0, 2, 1) })).toBe(0);
  expect(meanOverlap.compute({ student: boxes(0, 0, Number.NaN, 1), teacher: unit })).toBeNaN();
});
