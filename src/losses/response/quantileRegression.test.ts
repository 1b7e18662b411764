import { describe, expect, test } from 'vitest';
import { evaluate, type LossInputs } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean, plainRows } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, refusalOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type QuantileRegressionOptions, quantileRegression } from './quantileRegression.ts';

const TEN = Array.from({ length: 10 }, (_, i) => (i + 0.5) / 10);

checkUse(quantileRegression, {
  student: { quantiles: [3] },
  teacher: { quantiles: [7] },
  mismatches: [
    [{ quantiles: [4] }, {}, {}, /learns 3 quantiles.*\[\?, 4\]/],
    [{}, { quantiles: [7, 1] }, {}, /"read" bring its values/],
    [{}, {}, { quantiles: [0.5] }, /an output for each quantile/],
  ],
  weight: { of: 'numbers', options: { quantiles: TEN } },
});

describe('quantileRegression', () => {
  checkLoss<QuantileRegressionOptions>(quantileRegression, {
    golden: 'quantileRegression',
    reference({ student, teacher }, { quantiles = [0.05, 0.5, 0.95] }) {
      const values = plainRows(teacher['quantiles'] as Values);
      return mean(
        plainRows(student['quantiles'] as Values).flatMap((row, i) =>
          row.flatMap((limit, q) =>
            (values[i] as number[]).map((value) => {
              const [level, d] = [quantiles[q] as number, value - limit];
              return d > 0 ? level * d : (level - 1) * d;
            }),
          ),
        ),
      );
    },
    // It has no slope at 0, and is 0 only where all values of an example are one; its own test says where it is least.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'no quantile': () => quantileRegression({ quantiles: [] }),
      'quantiles that fall': () => quantileRegression({ quantiles: [0.9, 0.1] }),
      'a quantile twice': () => quantileRegression({ quantiles: [0.5, 0.5] }),
      'a quantile of 0': () => quantileRegression({ quantiles: [0, 0.5] }),
      'a quantile of 1': () => quantileRegression({ quantiles: [0.5, 1] }),
      'a quantile that is no number': () => quantileRegression({ quantiles: ['0.5' as unknown as number] }),
      'an option that it does not have': () => quantileRegression({ tau: 0.5 } as QuantileRegressionOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(quantileRegression().options).toEqual({ quantiles: [0.05, 0.5, 0.95], output: 'quantiles' });
    expect(quantileRegression().reads).toEqual({ student: ['quantiles'], teacher: ['quantiles'], labels: false });
  });
});

/** One example with these limits and values. */
const at = (limits: number[], values: number[]): LossInputs => ({
  student: { quantiles: { shape: [1, limits.length], values: limits } },
  teacher: { quantiles: { shape: [1, values.length], values } },
});

describeOnCpu('quantileRegression, besides its contract', () => {
  test('is least where as many values lie below as the quantile says', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8];
    const loss = quantileRegression({ quantiles: [0.25] });
    const valueAt = (limit: number) => evaluate(loss, at([limit], values)).value;
    const tried = Array.from({ length: 36 }, (_, i) => i / 4);
    const least = Math.min(...tried.map(valueAt));
    expect(tried.filter((limit) => valueAt(limit) < least + 1e-6)).toEqual([2, 2.25, 2.5, 2.75, 3]);
  });

  test('pulls a limit up by its fraction and down by the rest', () => {
    const slopes = evaluate(quantileRegression({ quantiles: [0.1, 0.5, 0.9] }), at([0, 0, 9], [4])).student;
    const expected = [-0.1, -0.5, 0.1].map((slope) => expect.closeTo(slope / 3, 6));
    expect(slopes['quantiles']).toEqual(expected);
  });

  test('is the mean of its examples', () => {
    const values = (count: number, by: number) => Array.from({ length: count }, (_, i) => ((i * by) % 11) - 5.5);
    const student = { quantiles: { shape: [6, 3], values: values(18, 5) } };
    expectPerExample(quantileRegression(), {
      student,
      teacher: { quantiles: { shape: [6, 4], values: values(24, 7) } },
    });
  });

  test('takes one value of an example, or any number', () => {
    const shapes = (values: number[]) => ({
      student: { quantiles: [3] },
      teacher: { quantiles: values },
      batchSize: 8,
      examples: 100,
    });
    expect(refusalOf(quantileRegression(), shapes([1]))).toBeUndefined();
    expect(refusalOf(quantileRegression(), shapes([100]))).toBeUndefined();
    expect(refusalOf(quantileRegression(), shapes([]))).toBe('shape-mismatch');
  });
});
