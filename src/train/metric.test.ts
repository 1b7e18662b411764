import { expect, test } from 'vitest';
import { measure } from './metric.ts';

const student = { data: Float32Array.of(1, 0, /**/ 0, 1), shape: [2, 2] };
const teacher = { data: Float32Array.of(1, 0, /**/ 1, 0), shape: [2, 2] };
const labels = Int32Array.of(1, 1);

test('measures what the inputs allow, by name', () => {
  expect(measure({ student })).toEqual({});
  expect(measure({ student, labels })).toEqual({ accuracy: 0.5 });
  expect(measure({ student, teacher })).toEqual({ agreement: 0.5 });
  expect(measure({ student, teacher, labels })).toEqual({ accuracy: 0.5, agreement: 0.5 });
});
