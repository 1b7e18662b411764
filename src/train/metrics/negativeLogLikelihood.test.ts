import { expect, test } from 'vitest';
import golden from './golden/metrics.json' with { type: 'json' };
import { negativeLogLikelihood } from './negativeLogLikelihood.ts';

test.each(golden.cases)(
  'equals PyTorch’s value for $shape, scale $scale',
  ({ shape, scale, logits, labels, ...needed }) => {
    const student = { data: Float32Array.from(logits, (k) => (scale * k) / 16), shape };
    const value = negativeLogLikelihood.compute({ student, labels: Int32Array.from(labels) });
    expect(Math.abs(value - needed.negativeLogLikelihood)).toBeLessThan(1e-9);
  },
);

test('is log C if all classes are equally likely', () => {
  const student = { data: new Float32Array(14).fill(3), shape: [2, 7] };
  expect(negativeLogLikelihood.compute({ student, labels: Int32Array.of(0, 6) })).toBeCloseTo(Math.log(7), 12);
});

test('stays finite for extreme logits', () => {
  const student = { data: Float32Array.of(-1e4, 1e4), shape: [1, 2] };
  expect(negativeLogLikelihood.compute({ student, labels: Int32Array.of(0) })).toBe(2e4);
  expect(negativeLogLikelihood.compute({ student, labels: Int32Array.of(1) })).toBe(0);
});

test('is infinite for a label outside the classes, and NaN if an answer is NaN', () => {
  const student = { data: Float32Array.of(0, 0, 1, 1), shape: [2, 2] };
  expect(negativeLogLikelihood.compute({ student, labels: Int32Array.of(0, 2) })).toBe(Number.POSITIVE_INFINITY);
  expect(negativeLogLikelihood.compute({ student, labels: Int32Array.of(-1, 0) })).toBe(Number.POSITIVE_INFINITY);
  student.data[3] = Number.NaN;
  expect(negativeLogLikelihood.compute({ student, labels: Int32Array.of(0, 0) })).toBeNaN();
});
