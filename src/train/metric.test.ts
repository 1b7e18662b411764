import { expect, test } from 'vitest';
import { measure } from './metric.ts';

const student = { data: Float32Array.of(1, 0, /**/ 0, 1), shape: [2, 2] };
const teacher = { data: Float32Array.of(1, 0, /**/ 1, 0), shape: [2, 2] };
const labels = Int32Array.of(1, 1);

const OF_LABELS = ['accuracy', 'calibrationError', 'negativeLogLikelihood'];

test('measures what the inputs allow, by name', () => {
  expect(measure({ student })).toEqual({});
  expect(measure({ student, teacher })).toEqual({ agreement: 0.5 });
  const { accuracy, negativeLogLikelihood, calibrationError, ...rest } = measure({ student, labels });
  expect([accuracy, rest]).toEqual([0.5, {}]);
  expect(negativeLogLikelihood).toBeCloseTo(Math.log(1 + Math.E) - 0.5, 12);
  expect(calibrationError).toBeCloseTo(Math.E / (1 + Math.E) - 0.5, 12);
  expect(measure({ student, teacher, labels })).toMatchObject({ accuracy, agreement: 0.5, teacherAccuracy: 0 });
});

test('holds nothing against labels that is no row of classes for each', () => {
  for (const shape of [[1, 2, 2], [4], [2, 1, 2], [4, 1]]) {
    expect(Object.keys(measure({ student: { ...student, shape }, labels })), `[${shape}]`).toEqual([]);
  }
  expect(measure({ student, labels: Int32Array.of(0, 1, 0) })).toEqual({});
});

test('leaves out examples without a label where labels are read', () => {
  const all = { data: Float32Array.of(1, 0, /**/ 0, 1, /**/ 0, 1), shape: [3, 2] };
  const ofTeacher = { data: Float32Array.of(1, 0, /**/ 1, 0, /**/ 0, 1), shape: [3, 2] };
  const some = measure({ student: all, teacher: ofTeacher, labels: Int32Array.of(-1, 1, 0) });
  expect(some).toMatchObject({ accuracy: 0.5, teacherAccuracy: 0, agreement: 2 / 3 });
  expect(some['negativeLogLikelihood']).toBeCloseTo(Math.log(1 + Math.E) - 0.5, 12);
  expect(measure({ student: all, teacher: ofTeacher, labels: Int32Array.of(-1, -1, -1) })).toEqual({
    agreement: 2 / 3,
  });
  expect(measure({ student: all, labels: Int32Array.of(-1, 1) })).toEqual({});
});

test('holds a student against a teacher of its own shape only', () => {
  const wider = { data: Float32Array.of(1, 0, 0, /**/ 0, 0, 1), shape: [2, 3] };
  expect(measure({ student, teacher: wider })).toEqual({});
  expect(Object.keys(measure({ student, teacher: wider, labels })).sort()).toEqual([...OF_LABELS, 'teacherAccuracy']);
  const [frames, ofTeacher] = [student, teacher].map(({ data }) => ({ data, shape: [1, 2, 2] }));
  expect(measure({ student: frames as typeof student, teacher: ofTeacher as typeof teacher })).toEqual({
    agreement: 0.5,
  });
});
