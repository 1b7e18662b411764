import { expect, test } from 'vitest';
import { calibrationError } from './calibrationError.ts';
import golden from './golden/metrics.json' with { type: 'json' };

/** Logits of two classes; the first has this probability. */
const withConfidence = (...confidences: number[]) => ({
  data: Float32Array.from(confidences.flatMap((p) => [Math.log(p), Math.log(1 - p)])),
  shape: [confidences.length, 2],
});

test.each(golden.cases)(
  'equals PyTorch’s value for $shape, scale $scale',
  ({ shape, scale, logits, labels, ...needed }) => {
    const student = { data: Float32Array.from(logits, (k) => (scale * k) / 16), shape };
    const value = calibrationError.compute({ student, labels: Int32Array.from(labels) });
    expect(Math.abs(value - needed.calibrationError)).toBeLessThan(1e-9);
  },
);

test('is the distance between confidence and accuracy if all examples lie in one bin', () => {
  const student = withConfidence(0.75, 0.76, 0.77, 0.78);
  expect(calibrationError.compute({ student, labels: Int32Array.of(0, 0, 0, 1) })).toBeCloseTo(0.765 - 0.75, 6);
  expect(calibrationError.compute({ student, labels: Int32Array.of(1, 1, 1, 1) })).toBeCloseTo(0.765, 6);
});

test('does not let errors of different bins cancel', () => {
  // 0.55 and always right, 0.95 and never: by the mean alone it would be 0.25.
  const student = withConfidence(0.55, 0.95);
  expect(calibrationError.compute({ student, labels: Int32Array.of(0, 1) })).toBeCloseTo((0.45 + 0.95) / 2, 6);
});

test('counts a confidence on a border in the bin below', () => {
  // 1/3 and 1/5 are the upper borders of the fifth and the third bin, whatever their logarithms round to.
  for (const classes of [3, 5, 15]) {
    const student = { data: new Float32Array(classes * 2), shape: [2, classes] };
    // The second example is a little more confident, and so in the next bin: it does not make up for the first.
    student.data[classes + 1] = 1e-4;
    const value = calibrationError.compute({ student, labels: Int32Array.of(0, 0) });
    expect(value, `${classes} classes`).toBeCloseTo((1 - 1 / classes + 1 / classes) / 2, 4);
  }
});

test('is 0 for a certain and right model, 1 for a certain and wrong one, and 1 − confidence for a single right example', () => {
  const sure = { data: Float32Array.of(0, 1e4), shape: [1, 2] };
  expect(calibrationError.compute({ student: sure, labels: Int32Array.of(1) })).toBe(0);
  expect(calibrationError.compute({ student: sure, labels: Int32Array.of(0) })).toBe(1);
  expect(calibrationError.compute({ student: withConfidence(0.8), labels: Int32Array.of(0) })).toBeCloseTo(0.2, 6);
});

test('is 0 if there is only one class', () => {
  const student = { data: Float32Array.of(-3, 7), shape: [2, 1] };
  expect(calibrationError.compute({ student, labels: Int32Array.of(0, 0) })).toBe(0);
});

test('is NaN if an answer is NaN, so that a broken student does not look calibrated', () => {
  const student = { data: Float32Array.of(1, 0, 0, Number.NaN), shape: [2, 2] };
  expect(calibrationError.compute({ student, labels: Int32Array.of(0, 0) })).toBeNaN();
});
