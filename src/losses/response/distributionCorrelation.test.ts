import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import { describeOnCpu, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type DistributionCorrelationOptions, distributionCorrelation } from './distributionCorrelation.ts';

checkUse(distributionCorrelation, { ...onLogits, least: 2, weight: { of: 'logits' } });

describe('distributionCorrelation', () => {
  checkLoss<DistributionCorrelationOptions>(distributionCorrelation, {
    golden: 'distributionCorrelation',
    reference({ student, teacher }, { betweenClasses = 1, withinClasses = 1, temperature = 1 }) {
      const [q, p] = [student, teacher].map((side) =>
        plainLogProbs(side['logits'] as Values, temperature).map((row) => row.map(Math.exp)),
      ) as [number[][], number[][]];
      const between = 1 - mean(q.map((row, i) => correlationOf(row, p[i] as number[])));
      const within = 1 - mean(columns(q).map((column, c) => correlationOf(column, columns(p)[c] as number[])));
      return temperature ** 2 * (betweenClasses * between + withinClasses * within);
    },
    growth(_, { betweenClasses = 1, withinClasses = 1, temperature = 1 }) {
      // 1 − ρ is what is left of numbers of size 1.
      const size = 20 * temperature ** 2 * (betweenClasses + withinClasses);
      return { value: size, gradient: size };
    },
    refused: {
      'a temperature of 0': () => distributionCorrelation({ temperature: 0 }),
      'a negative weight': () => distributionCorrelation({ withinClasses: -1 }),
      'another negative weight': () => distributionCorrelation({ betweenClasses: -1 }),
      'an option that it does not have': () => distributionCorrelation({ beta: 1 } as DistributionCorrelationOptions),
    },
  });

  test('has the defaults that it documents', () => {
    const options = { betweenClasses: 1, withinClasses: 1, temperature: 1, output: 'logits' };
    expect(distributionCorrelation().options).toEqual(options);
    expect(distributionCorrelation().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

describeOnCpu('distributionCorrelation, besides its contract', () => {
  test('is near 0 where the student only has the teacher’s order, and 2 a half where it has the opposite one', () => {
    const inputs = {
      student: { logits: { shape: [2, 2], values: [0.1, 0, 0, 0.1] } },
      teacher: { logits: { shape: [2, 2], values: [9, 0, 0, 9] } },
    };
    expect(evaluate(distributionCorrelation(), inputs).value).toBeCloseTo(0, 4);
    const opposed = { ...inputs, student: { logits: { shape: [2, 2], values: [0, 0.1, 0.1, 0] } } };
    expect(evaluate(distributionCorrelation({ temperature: 2 }), opposed).value).toBeCloseTo(16, 3);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(distributionCorrelation(), shapesOf([10]))).toBeUndefined();
    expect(refusalOf(distributionCorrelation(), shapesOf([4, 10]))).toBeUndefined();
    expect(refusalOf(distributionCorrelation(), shapesOf([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(distributionCorrelation(), shapesOf([10], [10], { batchSize: 1 }))).toBe('invalid-option');
    const betweenOnly = distributionCorrelation({ withinClasses: 0 });
    expect(refusalOf(betweenOnly, shapesOf([10], [10], { batchSize: 1 }))).toBeUndefined();
  });

  test('compares tokens as rows', () => {
    const { student, teacher } = randomInputs([2, 3, 4]);
    const flat = (side: typeof student) => ({ logits: { shape: [6, 4], values: side['logits']?.values ?? [] } });
    const loss = distributionCorrelation();
    const expected = evaluate(loss, { student: flat(student), teacher: flat(teacher) }).value;
    expect(evaluate(loss, { student, teacher }).value).toBe(expected);
  });
});

function columns(rows: readonly number[][]): number[][] {
  return (rows[0] ?? []).map((_, c) => rows.map((row) => row[c] as number));
}

function correlationOf(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((row) => row.map((number) => number - mean(row))) as [number[], number[]];
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, number, i) => sum + number * (v[i] as number), 0);
  return dot(x, y) / (Math.sqrt(dot(x, x)) * Math.sqrt(dot(y, y)) + 1e-8);
}
