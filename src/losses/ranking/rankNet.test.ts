import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean, plainRows } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type RankNetOptions, rankNet } from './rankNet.ts';

checkUse(rankNet, {
  student: { scores: [5] },
  teacher: { scores: [5] },
  mismatches: [[{ scores: [1] }, { scores: [1] }, {}, /N of 2 or more/]],
  weight: { of: 'logits' },
});

describe('rankNet', () => {
  checkLoss<RankNetOptions>(rankNet, {
    golden: 'rankNet',
    reference({ student, teacher }, { sigma = 1 }) {
      const [s, t] = [student, teacher].map((side) => plainRows(side['scores'] as Values)) as [number[][], number[][]];
      return mean(
        s.map((row, list) => {
          const given = t[list] as number[];
          const costs = row.flatMap((score, i) =>
            row.flatMap((other, j) => {
              const behind = -sigma * (score - other);
              const cost = Math.max(behind, 0) + Math.log1p(Math.exp(-Math.abs(behind)));
              return (given[i] as number) > (given[j] as number) ? [cost] : [];
            }),
          );
          return costs.length === 0 ? 0 : mean(costs);
        }),
      );
    },
    // The teacher's order, with margins so wide that nothing is left.
    best({ teacher, ...rest }) {
      const { shape, values } = teacher['scores'] as Values;
      return { ...rest, teacher, student: { scores: { shape, values: values.map((score) => 1e3 * score) } } };
    },
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'a sigma of 0': () => rankNet({ sigma: 0 }),
      'an option that it does not have': () => rankNet({ margin: 4 } as RankNetOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(rankNet().options).toEqual({ sigma: 1, output: 'scores' });
    expect(rankNet().reads).toEqual({ student: ['scores'], teacher: ['scores'], labels: false });
  });
});

describeOnCpu('rankNet, besides its contract', () => {
  test('pulls apart equal scores, from log 2', () => {
    const student = { scores: { shape: [1, 2], values: [0, 0] } };
    const teacher = { scores: { shape: [1, 2], values: [3, 1] } };
    const { value, student: slopes } = evaluate(rankNet(), { student, teacher });
    expect(value).toBeCloseTo(Math.LN2, 6);
    expect(slopes['scores']).toEqual([-0.5, 0.5]);
  });

  test('asks nothing of candidates that the teacher does not tell apart', () => {
    const student = { scores: { shape: [1, 2], values: [0, 5] } };
    const teacher = { scores: { shape: [1, 2], values: [1, 1] } };
    expect(evaluate(rankNet(), { student, teacher })).toMatchObject({ value: 0 });
  });

  test('is the mean of its lists', () => expectPerExample(rankNet(), randomInputs([6, 5], 1, 'scores')));

  test('says before the first step what it cannot compare', () => {
    const shapes = (student: number[], teacher: number[]) => shapesOf(student, teacher, { output: 'scores' });
    expect(refusalOf(rankNet(), shapes([5], [5]))).toBeUndefined();
    expect(refusalOf(rankNet(), shapes([5], [4]))).toBe('shape-mismatch');
    expect(refusalOf(rankNet(), shapes([1], [1]))).toBe('shape-mismatch');
    expect(refusalOf(rankNet(), shapes([5, 2], [5, 2]))).toBe('shape-mismatch');
  });
});
