import { expect, test } from 'vitest';
import { teacherAccuracy } from './teacherAccuracy.ts';

test('is the share of examples whose label is the teacher’s class, whatever the student says', () => {
  const teacher = { data: Float32Array.of(3, 1, /**/ 0, 1, /**/ 2, 1, /**/ -5, -4), shape: [4, 2] };
  const labels = Int32Array.of(0, 1, 1, 1);
  for (const factor of [1, -1]) {
    const student = { data: teacher.data.map((value) => factor * value), shape: [4, 2] };
    expect(teacherAccuracy.compute({ student, teacher, labels })).toBe(0.75);
  }
});

test('reads only the teacher and the labels', () => {
  expect(teacherAccuracy.reads).toEqual({ teacher: true, labels: true, student: false });
});
