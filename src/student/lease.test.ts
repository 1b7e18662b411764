import { expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { cohort } from './kinds/cohort.ts';
import { studentFromModel } from './layersModel.ts';
import { takeStudents } from './lease.ts';
import { mlp } from './zoo/mlp.ts';

const student = () => mlp({ inputShape: [2], classes: 2 });
const IN_USE = expect.objectContaining({ code: 'student-in-use', details: { name: 'mlp' } });

test('one run has a student, until its lease is disposed; twice is once', () => {
  const one = student();
  const first = takeStudents([one]);
  expect(() => takeStudents([one])).toThrow(IN_USE);
  expect(() => takeStudents([one], 'read')).toThrow(IN_USE);
  first[Symbol.dispose]();
  const second = takeStudents([one]);
  first[Symbol.dispose]();
  expect(() => takeStudents([one])).toThrow(IN_USE);
  second[Symbol.dispose]();
});

test('several read, and none learns before the last has ended', () => {
  const one = student();
  const readers = [takeStudents([one], 'read'), takeStudents([one], 'read')];
  for (const reader of readers) {
    expect(() => takeStudents([one])).toThrow(IN_USE);
    reader[Symbol.dispose]();
  }
  takeStudents([one])[Symbol.dispose]();
});

test('all are taken or none', () => {
  const [free, taken] = [student(), student()];
  using _lease = takeStudents([taken]);
  expect(() => takeStudents([free, taken])).toThrow(IN_USE);
  takeStudents([free])[Symbol.dispose]();
});

test('handles of one model are one student, and a cohort is its members', () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
  using lease = takeStudents([model]);
  expect(() => takeStudents([studentFromModel(model)])).toThrow(expect.objectContaining({ code: 'student-in-use' }));
  expect(() => takeStudents([cohort([student(), model])])).toThrow(expect.objectContaining({ code: 'student-in-use' }));
  expect(lease.covers(model)).toBe(true);
  expect(lease.covers(student())).toBe(false);
  model.dispose();
});
