import { expect, test } from 'vitest';
import { measure } from '../measure.ts';
import { characterErrorRate } from './characterErrorRate.ts';

/** The steps of some lines as sure answers of four classes. */
const lines = (...paths: readonly number[][]) => ({
  data: Float32Array.from(paths.flat().flatMap((one) => [0, 1, 2, 3].map((c) => (c === one ? 9 : 0)))),
  shape: [paths.length, paths[0]?.length ?? 0, 4],
});
const student = lines([1, 1, 0, 1, 2], [3, 0, 0, 0, 0]);

test('counts the changes to the truth for each of its characters, over all lines', () => {
  const rate = (...sequences: number[]) =>
    characterErrorRate.compute({ student, sequences: Int32Array.from(sequences) });
  expect(rate(1, 1, 2, /**/ 3, -1, -1)).toBe(0);
  // One replaced of three, and two missing of three.
  expect(rate(1, 3, 2, /**/ 3, 2, 1)).toBe(3 / 6);
  // Nothing stands in the second line: one too many.
  expect(rate(1, 1, 2, /**/ -1, -1, -1)).toBe(1 / 3);
  expect(rate(-1, -1, -1, /**/ -1, -1, -1)).toBe(Number.POSITIVE_INFINITY);
});

test('reads another blank', () => {
  const sequences = Int32Array.of(1, 0, 1, 2, /**/ 0, -1, -1, -1);
  expect(characterErrorRate.compute({ student, sequences, blank: 3 })).toBe(0);
});

test('is measured where there are sequences and rows of classes for each step', () => {
  const sequences = Int32Array.of(1, 1, 2, /**/ 3, -1, -1);
  expect(measure({ student, sequences })).toEqual({ characterErrorRate: 0 });
  expect(measure({ student, teacher: student, sequences })).toEqual({ characterErrorRate: 0, agreement: 1 });
  expect(measure({ student: { ...student, shape: [10, 4] }, sequences })).toEqual({});
  expect(measure({ student, sequences: Int32Array.of(1, 2, 3) })).toEqual({});
});
