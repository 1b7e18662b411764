import { expect, test } from 'vitest';
import { rootMeanSquaredError } from './rootMeanSquaredError.ts';

const array = (width: number, ...data: number[]) => ({
  data: Float32Array.from(data),
  shape: [data.length / width, width],
});
const teacher = array(2, 1, 10, 2, 10, 3, 10, 4.5, 10);
const student = array(2, 1.5, 10, 2, 9, 2, 10, 4, 10);

test('is the root of PyTorch’s mse_loss, over all numbers', () => {
  // ((0.5² + 1 + 1 + 0.5²) ÷ 8)^½
  expect(rootMeanSquaredError.compute({ student, teacher })).toBeCloseTo(Math.sqrt(2.5 / 8), 12);
});

test('has the unit of the numbers, and is 0 between a model and itself', () => {
  const [cm, ofTeacher] = [student, teacher].map(({ data, shape }) => ({ data: data.map((x) => 100 * x), shape }));
  const inputs = { student: cm as typeof student, teacher: ofTeacher as typeof teacher };
  expect(rootMeanSquaredError.compute(inputs)).toBeCloseTo(100 * Math.sqrt(2.5 / 8), 4);
  expect(rootMeanSquaredError.compute({ student, teacher: student })).toBe(0);
  expect(rootMeanSquaredError.compute({ student: array(1, Number.NaN), teacher: array(1, 0) })).toBeNaN();
});
