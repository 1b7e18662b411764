import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  inTeachersOrder,
  plainLogSum,
  plainPositionWeights,
  RANKING_EXTREMES,
  RANKING_USE,
  widened,
} from '../cases/rankingCases.ts';
import { describeOnCpu, expectPerExample, randomInputs } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { listMle } from './listMle.ts';
import { type RelaxedRankingOptions, relaxedRanking } from './relaxedRanking.ts';

checkUse(relaxedRanking, { ...RANKING_USE, replayed: [{ top: 2, decay: 3 }] });

describe('relaxedRanking', () => {
  checkLoss<RelaxedRankingOptions>(relaxedRanking, {
    golden: 'relaxedRanking',
    reference: (inputs, { top = 10, decay }) =>
      mean(
        inTeachersOrder(inputs).map((row) =>
          plainPositionWeights(Math.min(top, row.length), decay).reduce(
            (sum, weight, k) => sum + weight * (plainLogSum(row.slice(k)) - (row[k] as number)),
            0,
          ),
        ),
      ),
    best: widened,
    extremes: RANKING_EXTREMES,
    refused: {
      'a top of 0': () => relaxedRanking({ top: 0 }),
      'a decay of 0': () => relaxedRanking({ decay: 0 }),
      'an option that it does not have': () => relaxedRanking({ lambda: 4 } as RelaxedRankingOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(relaxedRanking().options).toEqual({ top: 10, output: 'scores' });
    expect(relaxedRanking().reads).toEqual({ student: ['scores'], teacher: ['scores'], labels: false });
  });
});

describeOnCpu('relaxedRanking, besides its contract', () => {
  test('does not ask in which order the others are, only that they lie behind', () => {
    const teacher = { scores: { shape: [1, 4], values: [9, 8, 1, 0] } };
    const valueAt = (...values: number[]) =>
      evaluate(relaxedRanking({ top: 2 }), { student: { scores: { shape: [1, 4], values } }, teacher }).value;
    expect(valueAt(3, 2, 1, -1)).toBeCloseTo(valueAt(3, 2, -1, 1), 6);
    expect(valueAt(3, 2, 1, -1)).toBeLessThan(valueAt(3, 1, 2, -1));
  });

  test('is listMle if every position counts, and cross-entropy with the first if one does', () => {
    const inputs = randomInputs([3, 5], 1, 'scores');
    expect(evaluate(relaxedRanking({ top: 5 }), inputs).value).toBeCloseTo(evaluate(listMle(), inputs).value, 5);
    const first = mean(inTeachersOrder(inputs).map((row) => plainLogSum(row) - (row[0] as number)));
    expect(evaluate(relaxedRanking({ top: 1, decay: 7 }), inputs).value).toBeCloseTo(first, 5);
  });

  test('is the mean of its lists', () =>
    expectPerExample(relaxedRanking({ top: 3, decay: 2 }), randomInputs([6, 5], 1, 'scores')));
});
