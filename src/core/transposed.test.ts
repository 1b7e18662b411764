import { expect, test } from 'vitest';
import { transposed } from './transposed.ts';

test('axes are put in another order', () => {
  const matrix = { data: Int32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };
  expect(transposed(matrix, [1, 0])).toEqual({ data: Int32Array.of(1, 4, 2, 5, 3, 6), shape: [3, 2] });
  expect(transposed(matrix, [0, 1])).toEqual(matrix);
  const scalar = { data: Float32Array.of(7), shape: [] };
  expect(transposed(scalar, [])).toEqual(scalar);
});

test('every element goes where its place says, and the array is left alone', () => {
  const [a, b, c] = [2, 3, 4];
  const data = Float32Array.from({ length: a * b * c }, (_, i) => i);
  const { data: moved, shape } = transposed({ data, shape: [a, b, c] }, [2, 0, 1]);
  expect(shape).toEqual([c, a, b]);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) expect(moved[(k * a + i) * b + j]).toBe((i * b + j) * c + k);
    }
  }
  expect(data[5]).toBe(5);
});
