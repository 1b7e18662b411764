import { expect, test } from 'vitest';
import { accuracy } from './accuracy.ts';

const logits = {
  data: Float32Array.of(0.1, 2, -1, /**/ 5, 5, 5, /**/ -3, -2, -1, /**/ 9, 1, 8),
  shape: [4, 3],
};

test('is the share of examples whose largest logit is their label', () => {
  expect(accuracy.compute({ student: logits, labels: Int32Array.of(1, 0, 2, 0) })).toBe(1);
  expect(accuracy.compute({ student: logits, labels: Int32Array.of(1, 0, 2, 2) })).toBe(0.75);
  expect(accuracy.compute({ student: logits, labels: Int32Array.of(0, 2, 0, 1) })).toBe(0);
});

test('takes the first of equal logits', () => {
  expect(accuracy.compute({ student: logits, labels: Int32Array.of(1, 1, 2, 0) })).toBe(0.75);
});

test('counts a single class as always right', () => {
  const student = { data: Float32Array.of(-1, 0, 1), shape: [3, 1] };
  expect(accuracy.compute({ student, labels: Int32Array.of(0, 0, 0) })).toBe(1);
});

test('counts NaN as class 0, so that a broken student does not look accurate', () => {
  const student = { data: new Float32Array(6).fill(Number.NaN), shape: [2, 3] };
  expect(accuracy.compute({ student, labels: Int32Array.of(1, 2) })).toBe(0);
});

test('reads only the labels', () => {
  expect(accuracy.reads).toEqual({ teacher: false, labels: true });
});
