import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean, plainRows } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectPerExample,
  growthOfDivergence,
  plainDivergence,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type StandardizedTargetsOptions, standardizedTargets } from './standardizedTargets.ts';

checkUse(standardizedTargets, { ...onLogits, weight: { of: 'logits' } });

describe('standardizedTargets', () => {
  checkLoss<StandardizedTargetsOptions>(standardizedTargets, {
    golden: 'standardizedTargets',
    reference({ student, teacher }, { temperature = 2 }) {
      const p = plainLogProbs(standardized(teacher['logits'] as Values), temperature);
      const q = plainLogProbs(standardized(student['logits'] as Values), temperature);
      return temperature ** 2 * mean(p.map((row, i) => plainDivergence(row, q[i] as number[])));
    },
    growth({ student, teacher }, { temperature = 2 }) {
      const sides = {
        student: { logits: standardized(student['logits'] as Values) },
        teacher: { logits: standardized(teacher['logits'] as Values) },
      };
      const { value, gradient } = growthOfDivergence(sides, temperature);
      // A slope goes through the division by the deviation.
      const least = Math.min(...plainRows(student['logits'] as Values).map(deviationOf));
      return { value, gradient: gradient * 2 * Math.max(1, 1 / (least + 1e-7)) };
    },
    refused: {
      'a temperature of 0': () => standardizedTargets({ temperature: 0 }),
      'a temperature in words': () => standardizedTargets({ temperature: '4' as unknown as number }),
      'an option that it does not have': () => standardizedTargets({ base: 2 } as StandardizedTargetsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(standardizedTargets().options).toEqual({ temperature: 2, output: 'logits' });
    expect(standardizedTargets().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

describeOnCpu('standardizedTargets, besides its contract', () => {
  test('is the mean of its examples, and of their tokens', () => {
    expectPerExample(standardizedTargets(), randomInputs([6, 5]));
    expectPerExample(standardizedTargets(), randomInputs([3, 4, 5]));
  });

  test('does not ask how large the student’s logits are', () => {
    const { student, teacher } = randomInputs([4, 6]);
    const { shape, values } = student['logits'] as Values;
    const larger = { logits: { shape, values: values.map((logit) => 100 + 7 * logit) } };
    const [one, other] = [student, larger].map((of) => evaluate(standardizedTargets(), { student: of, teacher }).value);
    expect(other).toBeCloseTo(one as number, 4);
  });

  test('takes equal logits as equal probabilities, however large they are', () => {
    const { teacher } = randomInputs([1, 7]);
    const equal = (logit: number) => ({ logits: { shape: [1, 7], values: Array(7).fill(logit) } });
    const [zeros, thirds] = [0, 1e4 / 3].map((logit) =>
      evaluate(standardizedTargets(), { student: equal(logit), teacher }),
    );
    expect(thirds?.value).toBe(zeros?.value);
    expect(zeros?.student['logits']?.every(Number.isFinite)).toBe(true);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(standardizedTargets(), shapesOf([4, 10]))).toBeUndefined();
    expect(refusalOf(standardizedTargets(), shapesOf([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(standardizedTargets(), shapesOf([10], [4, 10]))).toBe('shape-mismatch');
  });
});

function standardized({ shape, values }: Values): Values {
  const rows = plainRows({ shape, values }).map((row) => {
    const [middle, deviation] = [mean(row), deviationOf(row)];
    return row.map((logit) => (logit - middle) / (1e-7 + deviation));
  });
  return { shape, values: rows.flat() };
}

function deviationOf(row: readonly number[]): number {
  if (row.length === 1) return 0;
  const middle = mean(row);
  return Math.sqrt(row.reduce((sum, logit) => sum + (logit - middle) ** 2, 0) / (row.length - 1));
}
