import { describe, expect, test } from 'vitest';
import { evaluate, type LossInputs } from '../cases/lossCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  inTeachersOrder,
  plainPositionWeights,
  plainSoftplus,
  RANKING_EXTREMES,
  RANKING_USE,
} from '../cases/rankingCases.ts';
import { describeOnCpu, expectPerExample, randomInputs } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type RankDistilOptions, rankDistil } from './rankDistil.ts';

checkUse(rankDistil, {
  ...RANKING_USE,
  replayed: [{ top: 2, decay: 3 }, { others: 0 }],
  weight: { of: 'logits', options: { top: 5 } },
});

describe('rankDistil', () => {
  checkLoss<RankDistilOptions>(rankDistil, {
    golden: 'rankDistil',
    reference: (inputs, { top = 10, decay = 10, others = 1 }) =>
      mean(
        inTeachersOrder(inputs).map((row) => {
          const beyond = row.slice(top).map(plainSoftplus);
          const relevant = plainPositionWeights(Math.min(top, row.length), decay).reduce(
            (sum, weight, k) => sum + weight * plainSoftplus(-(row[k] as number)),
            0,
          );
          return relevant + (beyond.length === 0 ? 0 : others * mean(beyond));
        }),
      ),
    // It is nowhere 0 for lists whose options differ in the top; its own test has a best.
    best: null,
    extremes: RANKING_EXTREMES,
    refused: {
      'a top of 0': () => rankDistil({ top: 0 }),
      'a decay of 0': () => rankDistil({ decay: 0 }),
      'a negative weight of the others': () => rankDistil({ others: -1 }),
      'an option that it does not have': () => rankDistil({ lambda: 4 } as RankDistilOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(rankDistil().options).toEqual({ top: 10, decay: 10, others: 1, output: 'scores' });
    expect(rankDistil().reads).toEqual({ student: ['scores'], teacher: ['scores'], labels: false });
  });
});

const at = (student: number[], teacher: number[]): LossInputs => ({
  student: { scores: { shape: [1, student.length], values: student } },
  teacher: { scores: { shape: [1, teacher.length], values: teacher } },
});

describeOnCpu('rankDistil, besides its contract', () => {
  test('is 0 and flat where the top is far above 0 and the others far below', () => {
    const { value, student } = evaluate(rankDistil({ top: 2 }), at([90, -90, 80, -80], [3, 1, 4, 2]));
    expect(value).toBeCloseTo(0, 6);
    for (const slope of student['scores'] ?? []) expect(slope).toBeCloseTo(0, 6);
  });

  test('weighs the early positions more, and the others by their option', () => {
    const slopesOf = (options: RankDistilOptions) =>
      evaluate(rankDistil({ top: 2, ...options }), at([0, 0, 0, 0], [4, 3, 2, 1])).student['scores'] as number[];
    const [first, second, third, fourth] = slopesOf({ decay: 1 }) as [number, number, number, number];
    expect(first / second).toBeCloseTo(Math.E, 5);
    expect(first + second).toBeCloseTo(-0.5, 6);
    expect([third, fourth]).toEqual([0.25, 0.25]);
    expect(slopesOf({ others: 0 }).slice(2).map(Math.abs)).toEqual([0, 0]);
  });

  test('is the mean of its lists', () => expectPerExample(rankDistil({ top: 3 }), randomInputs([6, 5], 1, 'scores')));
});
