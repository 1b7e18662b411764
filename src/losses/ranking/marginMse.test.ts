import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean, plainRows } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type MarginMseOptions, marginMse } from './marginMse.ts';

checkUse(marginMse, {
  student: { scores: [5] },
  teacher: { scores: [5] },
  mismatches: [[{}, { scores: [6] }, {}, /"read" bring its output/]],
  weight: { of: 'numbers' },
});

describe('marginMse', () => {
  checkLoss<MarginMseOptions>(marginMse, {
    golden: 'marginMse',
    reference({ student, teacher }) {
      const [s, t] = [student, teacher].map((side) => plainRows(side['scores'] as Values)) as [number[][], number[][]];
      const marginsOf = ([first = 0, ...others]: number[]) => others.map((score) => first - score);
      return mean(
        s.map((row, i) => {
          const ofTeacher = marginsOf(t[i] as number[]);
          return mean(marginsOf(row).map((margin, j) => (margin - (ofTeacher[j] as number)) ** 2));
        }),
      );
    },
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'an option that it does not have': () => marginMse({ margin: 4 } as MarginMseOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(marginMse().options).toEqual({ output: 'scores' });
    expect(marginMse().reads).toEqual({ student: ['scores'], teacher: ['scores'], labels: false });
  });
});

describeOnCpu('marginMse, besides its contract', () => {
  test('does not ask where the scores lie', () => {
    const { student, teacher } = randomInputs([3, 4], 1, 'scores');
    const { shape, values } = teacher['scores'] as Values;
    const moved = { scores: { shape, values: values.map((score) => score + 3) } };
    expect(evaluate(marginMse(), { student: moved, teacher }).value).toBeCloseTo(0, 6);
    expect(evaluate(marginMse(), { student, teacher }).value).toBeGreaterThan(0.1);
  });

  test('is the mean of its lists', () => expectPerExample(marginMse(), randomInputs([6, 5], 1, 'scores')));

  test('says before the first step what it cannot compare', () => {
    const shapes = (student: number[], teacher: number[]) => shapesOf(student, teacher, { output: 'scores' });
    expect(refusalOf(marginMse(), shapes([5], [5]))).toBeUndefined();
    expect(refusalOf(marginMse(), shapes([5], [4]))).toBe('shape-mismatch');
    expect(refusalOf(marginMse(), shapes([1], [1]))).toBe('shape-mismatch');
    expect(refusalOf(marginMse(), shapes([5, 2], [5, 2]))).toBe('shape-mismatch');
  });
});
