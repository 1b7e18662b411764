import { expect, test } from 'vitest';
import { cosineSimilarity } from './cosineSimilarity.ts';

const array = (width: number, ...data: number[]) => ({
  data: Float32Array.from(data),
  shape: [data.length / width, width],
});

test('is the mean of PyTorch’s cosine_similarity over the examples', () => {
  const student = array(3, 1, 2, 2, /**/ 0, 3, 4);
  const teacher = array(3, 2, 1, 2, /**/ 0, -3, 4);
  expect(cosineSimilarity.compute({ student, teacher })).toBeCloseTo((8 / 9 + 7 / 25) / 2, 12);
});

test('does not depend on lengths, and lies between −1 and 1', () => {
  const student = array(2, 1, 2, 3, -4);
  const longer = { data: student.data.map((x) => 7 * x), shape: student.shape };
  const turned = { data: student.data.map((x) => -x), shape: student.shape };
  expect(cosineSimilarity.compute({ student, teacher: longer })).toBeCloseTo(1, 12);
  expect(cosineSimilarity.compute({ student, teacher: turned })).toBeCloseTo(-1, 12);
});

test('two zero vectors are alike; a zero vector and another are not', () => {
  expect(cosineSimilarity.compute({ student: array(2, 0, 0), teacher: array(2, 0, 0) })).toBe(1);
  expect(cosineSimilarity.compute({ student: array(2, 0, 0), teacher: array(2, 1, 0) })).toBe(0);
});
