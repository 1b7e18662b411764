import { describe, expect, test } from 'vitest';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { describeOnCpu, expectPerExample, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type LogitRegressionOptions, logitRegression } from './logitRegression.ts';

checkUse(logitRegression, { ...onLogits, weight: { of: 'numbers' } });

describe('logitRegression', () => {
  checkLoss<LogitRegressionOptions>(logitRegression, {
    golden: 'logitRegression',
    reference({ student, teacher }) {
      const { values } = teacher['logits'] as Values;
      return mean((student['logits'] as Values).values.map((logit, i) => (logit - (values[i] as number)) ** 2));
    },
    refused: {
      'an option that it does not have': () => logitRegression({ temprature: 4 } as LogitRegressionOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(logitRegression().options).toEqual({ output: 'logits' });
    expect(logitRegression().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

describeOnCpu('logitRegression, besides its contract', () => {
  test('is the mean of its examples, and of their tokens', () => {
    expectPerExample(logitRegression(), randomInputs([6, 5]));
    expectPerExample(logitRegression(), randomInputs([3, 4, 5]));
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(logitRegression(), shapesOf([4, 10]))).toBeUndefined();
    expect(refusalOf(logitRegression(), shapesOf([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(logitRegression(), shapesOf([10], [4, 10]))).toBe('shape-mismatch');
  });
});
