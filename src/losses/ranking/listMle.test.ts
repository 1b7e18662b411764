import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { inTeachersOrder, plainLogSum, RANKING_EXTREMES, RANKING_USE, widened } from '../cases/rankingCases.ts';
import { describeOnCpu, expectPerExample, randomInputs } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type ListMleOptions, listMle } from './listMle.ts';

checkUse(listMle, RANKING_USE);

describe('listMle', () => {
  checkLoss<ListMleOptions>(listMle, {
    golden: 'listMle',
    reference: (inputs) =>
      mean(inTeachersOrder(inputs).map((row) => mean(row.map((score, i) => plainLogSum(row.slice(i)) - score)))),
    best: widened,
    extremes: RANKING_EXTREMES,
    refused: { 'an option that it does not have': () => listMle({ top: 4 } as ListMleOptions) },
  });

  test('has the defaults that it documents', () => {
    expect(listMle().options).toEqual({ output: 'scores' });
    expect(listMle().reads).toEqual({ student: ['scores'], teacher: ['scores'], labels: false });
  });
});

describeOnCpu('listMle, besides its contract', () => {
  test('is log N! ÷ N for a student that knows nothing', () => {
    const student = { scores: { shape: [1, 4], values: [0, 0, 0, 0] } };
    const { teacher } = randomInputs([1, 4], 1, 'scores');
    expect(evaluate(listMle(), { student, teacher }).value).toBeCloseTo(Math.log(24) / 4, 6);
  });

  test('asks only in which order the teacher puts them, and takes the first of equal ones', () => {
    const { student } = randomInputs([1, 4], 1, 'scores');
    const valueAt = (...values: number[]) =>
      evaluate(listMle(), { student, teacher: { scores: { shape: [1, 4], values } } }).value;
    expect(valueAt(8, 2, 2, 0)).toBe(valueAt(0.3, 0.2, 0.1, -50));
    expect(valueAt(1, 1, 1, 1)).toBe(valueAt(4, 3, 2, 1));
    expect(valueAt(1, 2, 3, 4)).not.toBe(valueAt(4, 3, 2, 1));
  });

  test('is the mean of its lists', () => expectPerExample(listMle(), randomInputs([6, 5], 1, 'scores')));
});
