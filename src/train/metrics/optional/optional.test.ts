import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import { measure } from '../../measure.ts';
import { accuracy } from '../accuracy.ts';
import { macroF1 } from './macroF1.ts';
import { topAccuracy } from './topAccuracy.ts';

const random = seededRandom(5);
const logits = (count: number, classes: number, levels = 4) => ({
  data: Float32Array.from({ length: count * classes }, () => Math.floor(levels * random())),
  shape: [count, classes],
});
const labelsOf = (count: number, classes: number) =>
  Int32Array.from({ length: count }, () => Math.floor(classes * random()));
const rows = ({ data, shape }: ReturnType<typeof logits>) =>
  Array.from({ length: shape[0] as number }, (_, i) => [
    ...data.slice(i * (shape[1] as number), (i + 1) * (shape[1] as number)),
  ]);

describe('topAccuracy', () => {
  test('is the fraction whose label is among the first of a sorted row', () => {
    for (const [count, classes, top] of [
      [40, 7, 3],
      [40, 7, 1],
      [20, 3, 2],
      [9, 4, 9],
    ] as const) {
      const [student, labels] = [logits(count, classes), labelsOf(count, classes)];
      const found = rows(student).filter((row, i) => {
        const order = [...row.keys()].sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
        return order.slice(0, top).includes(labels[i] as number);
      });
      expect(topAccuracy({ top }).compute({ student, labels })).toBeCloseTo(found.length / count, 12);
    }
  });

  test('of one class is the accuracy, and of all is 1', () => {
    const [student, labels] = [logits(50, 6, 3), labelsOf(50, 6)];
    expect(topAccuracy({ top: 1 }).compute({ student, labels })).toBe(accuracy.compute({ student, labels }));
    expect(topAccuracy({ top: 6 }).compute({ student, labels })).toBe(1);
  });

  test('is measured where it is asked for, and refuses a top that is no count', () => {
    const [student, labels] = [logits(8, 7), labelsOf(8, 7)];
    const found = measure({ student, labels }, { metrics: [topAccuracy({ top: 3 }), macroF1] });
    expect(Object.keys(found)).toEqual(expect.arrayContaining(['topAccuracy@3', 'macroF1']));
    expect(Object.keys(measure({ student, labels }))).not.toContain('macroF1');
    for (const top of [0, 1.5, -1]) {
      expect(() => topAccuracy({ top })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    }
  });
});

describe('macroF1', () => {
  const predicting = (...classes: number[]) => ({
    data: Float32Array.from(classes.flatMap((c) => [0, 1, 2].map((i) => Number(i === c)))),
    shape: [classes.length, 3],
  });

  test('scikit-learn’s example of f1_score', () => {
    const value = macroF1.compute({ student: predicting(0, 2, 1, 0, 0, 1), labels: Int32Array.of(0, 1, 2, 0, 1, 2) });
    expect(value).toBeCloseTo(0.8 / 3, 12);
  });

  test('is the mean of the harmonic means of precision and recall', () => {
    for (const classes of [2, 5]) {
      const [student, labels] = [logits(60, classes, 9), labelsOf(60, classes)];
      const predicted = rows(student).map((row) => row.indexOf(Math.max(...row)));
      const scores = Array.from({ length: classes }, (_, c) => {
        const right = predicted.filter((p, i) => p === c && labels[i] === c).length;
        const precision = right / predicted.filter((p) => p === c).length;
        const recall = right / labels.filter((label) => label === c).length;
        return right === 0 ? 0 : (2 * precision * recall) / (precision + recall);
      });
      const expected = scores.reduce((sum, score) => sum + score, 0) / classes;
      expect(macroF1.compute({ student, labels })).toBeCloseTo(expected, 12);
    }
  });

  test('counts a rare class as much as a common one, and leaves out one that never occurs', () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => (i === 0 ? 1 : 0));
    const always0 = predicting(...Array(100).fill(0));
    expect(accuracy.compute({ student: always0, labels })).toBe(0.99);
    expect(macroF1.compute({ student: always0, labels })).toBeCloseTo((2 * 99) / 199 / 2, 12);
    expect(macroF1.compute({ student: predicting(0, 1), labels: Int32Array.of(0, 1) })).toBe(1);
  });
});

test('both are NaN if an answer is', () => {
  const student = { data: Float32Array.of(1, 0, Number.NaN, 0), shape: [2, 2] };
  const labels = Int32Array.of(0, 0);
  expect(topAccuracy().compute({ student, labels })).toBeNaN();
  expect(macroF1.compute({ student, labels })).toBeNaN();
});
