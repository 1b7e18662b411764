import { expect, test } from 'vitest';
import { agreement } from './agreement.ts';

const student = { data: Float32Array.of(3, 1, /**/ 0, 1, /**/ 2, 2, /**/ -5, -4), shape: [4, 2] };

test('is the share of examples for which both predict the same class', () => {
  const same = { data: Float32Array.of(0.6, 0.4, /**/ 0.1, 0.9, /**/ 0.8, 0.2, /**/ 0.3, 0.7), shape: [4, 2] };
  expect(agreement.compute({ student, teacher: same })).toBe(1);
  const half = { data: Float32Array.of(0.6, 0.4, /**/ 0.9, 0.1, /**/ 0.2, 0.8, /**/ 0.3, 0.7), shape: [4, 2] };
  expect(agreement.compute({ student, teacher: half })).toBe(0.5);
  const none = { data: Float32Array.of(0, 1, /**/ 1, 0, /**/ 0, 1, /**/ 1, 0), shape: [4, 2] };
  expect(agreement.compute({ student, teacher: none })).toBe(0);
});

test('is 1 between a model and itself', () => {
  expect(agreement.compute({ student, teacher: student })).toBe(1);
});

test('does not depend on the scale of the answers', () => {
  const softer = { data: student.data.map((logit) => logit / 20 + 100), shape: student.shape };
  expect(agreement.compute({ student, teacher: softer })).toBe(1);
});

test('reads only the teacher', () => {
  expect(agreement.reads).toEqual({ teacher: true, labels: false });
});
