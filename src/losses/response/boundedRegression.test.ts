import { describe, expect, test } from 'vitest';
import { evaluate, type LossInputs } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean, plainExamples } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs, refusalOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type BoundedRegressionOptions, boundedRegression } from './boundedRegression.ts';

checkUse(boundedRegression, {
  student: { values: [3] },
  teacher: { values: [3], target: [3] },
  mismatches: [[{ values: [4] }, {}, {}, /"read" bring its output/]],
  weight: 'alone',
});

describe('boundedRegression', () => {
  checkLoss<BoundedRegressionOptions>(boundedRegression, {
    golden: 'boundedRegression',
    reference({ student, teacher }, { margin = 0 }) {
      const [s, t, truth] = [student['values'], teacher['values'], teacher['target']].map((side) =>
        plainExamples(side as Values),
      ) as [number[][], number[][], number[][]];
      const errorOf = (rows: number[][], i: number) =>
        mean((rows[i] as number[]).map((value, d) => (value - (truth[i]?.[d] as number)) ** 2));
      return mean(s.map((_, i) => (errorOf(s, i) + margin > errorOf(t, i) ? errorOf(s, i) : 0)));
    },
    best: (inputs) => ({ ...inputs, student: { values: inputs.teacher['target'] as Values } }),
    refused: {
      'a negative margin': () => boundedRegression({ margin: -1 }),
      'a margin that is no number': () => boundedRegression({ margin: Number.NaN }),
      'an option that it does not have': () => boundedRegression({ nu: 1 } as BoundedRegressionOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(boundedRegression().options).toEqual({ margin: 0, output: 'values', targetOutput: 'target' });
    expect(boundedRegression().reads).toEqual({ student: ['values'], teacher: ['values', 'target'], labels: false });
  });
});

describeOnCpu('boundedRegression, besides its contract', () => {
  test('is the mean of its examples', () => {
    const { student, teacher } = randomInputs([6, 2, 3], 1, 'values');
    const { teacher: other } = randomInputs([6, 2, 3], 2, 'target');
    expectPerExample(boundedRegression({ margin: 1e3 }), { student, teacher: { ...teacher, ...other } });
  });

  test('is zero, and flat, once the student beats the teacher by the margin, for each example by itself', () => {
    // The teacher is off by 1: a mean squared error of 1. The students are off by √0.7, √0.9 and 2.
    const inputs = at([Math.sqrt(0.7), Math.sqrt(0.9), 2]);
    const withMargin = evaluate(boundedRegression({ margin: 0.2 }), inputs);
    expect(withMargin.value).toBeCloseTo((0.9 + 4) / 3, 5);
    expect(slopesOf(withMargin)).toEqual([0, expect.closeTo((2 * Math.sqrt(0.9)) / 3, 5), expect.closeTo(4 / 3, 5)]);
    const without = evaluate(boundedRegression(), inputs);
    expect(without.value).toBeCloseTo(4 / 3, 5);
    expect(slopesOf(without)).toEqual([0, 0, expect.closeTo(4 / 3, 5)]);
    const allAhead = evaluate(boundedRegression(), at([0.5, -0.5, 0]));
    expect(allAhead.value).toBe(0);
    expect(slopesOf(allAhead).every((slope) => slope === 0)).toBe(true);
  });

  test('is the plain squared error where the teacher is never bettered', () => {
    const { student, teacher } = at([2, -3, 5]);
    const { value } = evaluate(boundedRegression(), { student, teacher });
    expect(value).toBeCloseTo((4 + 9 + 25) / 3, 5);
  });

  test('says before the first step what it cannot compare', () => {
    const loss = boundedRegression();
    const shapes = (values: number[], target: number[]) => ({
      student: { values: [4] },
      teacher: { values, target },
      batchSize: 8,
      examples: 100,
    });
    expect(refusalOf(loss, shapes([4], [4]))).toBeUndefined();
    expect(refusalOf(loss, shapes([5], [4]))).toBe('shape-mismatch');
    expect(refusalOf(loss, shapes([4], [5]))).toBe('shape-mismatch');
    expect(refusalOf(loss, { ...shapes([4], [4]), teacher: { values: [4] } })).toBe('unknown-output');
  });
});

/** Three examples of one value; the truth is 0 and the teacher says 1. */
function at(values: readonly number[]): LossInputs {
  const side = (given: readonly number[]) => ({ shape: [3, 1], values: given });
  return { student: { values: side(values) }, teacher: { values: side([1, 1, 1]), target: side([0, 0, 0]) } };
}

function slopesOf({ student }: { readonly student: Readonly<Record<string, readonly number[]>> }): readonly number[] {
  return student['values'] ?? [];
}
