import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type RegressionOptions, regression } from './regression.ts';

checkUse(regression, {
  student: { values: [3] },
  teacher: { values: [3] },
  mismatches: [[{}, { values: [3, 1] }, {}, /"read" bring its output/]],
  replayed: [{ measure: 'huber' }],
  weight: { of: 'numbers' },
});

describe('regression', () => {
  checkLoss<RegressionOptions>(regression, {
    golden: 'regression',
    reference({ student, teacher }, { measure = 'squared', delta = 1 }) {
      const { values } = teacher['values'] as Values;
      return mean(
        (student['values'] as Values).values.map((value, i) => {
          const distance = Math.abs(value - (values[i] as number));
          if (measure === 'squared') return distance ** 2;
          return distance <= delta ? distance ** 2 / 2 : delta * (distance - delta / 2);
        }),
      );
    },
    refused: {
      'a measure that it does not know': () => regression({ measure: 'cubed' as 'huber' }),
      'a delta of 0': () => regression({ delta: 0 }),
      'an option that it does not have': () => regression({ beta: 1 } as RegressionOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(regression().options).toEqual({ measure: 'squared', delta: 1, output: 'values' });
    expect(regression().reads).toEqual({ student: ['values'], teacher: ['values'], labels: false });
  });
});

describeOnCpu('regression, besides its contract', () => {
  test('is the mean of its examples, whatever their shape', () => {
    expectPerExample(regression(), randomInputs([6, 5], 1, 'values'));
    expectPerExample(regression({ measure: 'huber' }), randomInputs([3, 2, 5], 1, 'values'));
    expectPerExample(regression(), randomInputs([4], 1, 'values'));
  });

  test('is straight beyond 1, where huber is told no delta', () => {
    const teacher = { values: { shape: [2, 1], values: [0, 0] } };
    const student = { values: { shape: [2, 1], values: [0.5, -3] } };
    const { value, student: slopes } = evaluate(regression({ measure: 'huber' }), { student, teacher });
    expect(value).toBeCloseTo((0.125 + 2.5) / 2, 6);
    expect(slopes['values']).toEqual([0.25, -0.5]);
  });

  test('says before the first step what it cannot compare', () => {
    const shapes = (student: number[], teacher: number[]) => shapesOf(student, teacher, { output: 'values' });
    expect(refusalOf(regression(), shapes([4], [4]))).toBeUndefined();
    expect(refusalOf(regression(), shapes([], []))).toBeUndefined();
    expect(refusalOf(regression(), shapes([4], [5]))).toBe('shape-mismatch');
    expect(refusalOf(regression(), shapes([1], []))).toBe('shape-mismatch');
    expect(refusalOf(regression({ output: 'box' }), shapes([4], [4]))).toBe('unknown-output');
  });
});
