import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  growthOfDivergence,
  plainDivergence,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type MultiLevelTargetsOptions, multiLevelTargets } from './multiLevelTargets.ts';
import { softTargets } from './softTargets.ts';

checkUse(multiLevelTargets, { ...onLogits, weight: { of: 'logits' } });

describe('multiLevelTargets', () => {
  checkLoss<MultiLevelTargetsOptions>(multiLevelTargets, {
    golden: 'multiLevelTargets',
    reference({ student, teacher }, { temperatures = LEVELS, classWeight = 1, batchWeight = 1 }) {
      const levels = temperatures.map((temperature) => {
        const logP = plainLogProbs(teacher['logits'] as Values, temperature);
        const logQ = plainLogProbs(student['logits'] as Values, temperature);
        const [p, q] = [logP, logQ].map((rows) => rows.map((row) => row.map(Math.exp))) as [number[][], number[][]];
        return (
          temperature ** 2 * mean(logP.map((row, i) => plainDivergence(row, logQ[i] as number[]))) +
          (classWeight * distanceOf(columns(p), columns(q))) / (p[0]?.length as number) +
          (batchWeight * distanceOf(p, q)) / p.length
        );
      });
      return levels.reduce((a, b) => a + b, 0);
    },
    growth(inputs, { temperatures = LEVELS, classWeight = 1, batchWeight = 1 }) {
      const rows = inputs.student['logits']?.shape[0] as number;
      const ofProducts = 20 * rows * (classWeight + batchWeight);
      const levels = temperatures.map((temperature) => growthOfDivergence(inputs, temperature));
      return {
        value: levels.reduce((sum, { value }) => sum + value + ofProducts, 0),
        gradient: levels.reduce((sum, { gradient }) => sum + gradient + classWeight + batchWeight, 0),
      };
    },
    refused: {
      'no temperature': () => multiLevelTargets({ temperatures: [] }),
      'a temperature of 0': () => multiLevelTargets({ temperatures: [1, 0] }),
      'a negative weight': () => multiLevelTargets({ classWeight: -1 }),
      'another negative weight': () => multiLevelTargets({ batchWeight: -1 }),
      'an option that it does not have': () => multiLevelTargets({ temprature: 4 } as MultiLevelTargetsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(multiLevelTargets().options).toEqual({
      temperatures: LEVELS,
      classWeight: 1,
      batchWeight: 1,
      output: 'logits',
    });
    expect(multiLevelTargets().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

describeOnCpu('multiLevelTargets, besides its contract', () => {
  test('is a sum of soft targets without its correlations', () => {
    const inputs = randomInputs([4, 5]);
    const sum = evaluate(multiLevelTargets({ temperatures: [2, 4], classWeight: 0, batchWeight: 0 }), inputs).value;
    const [two, four] = [2, 4].map((temperature) => evaluate(softTargets({ temperature }), inputs).value);
    expect(sum).toBeCloseTo((two as number) + (four as number), 5);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(multiLevelTargets(), shapesOf([4, 10]))).toBeUndefined();
    expect(refusalOf(multiLevelTargets(), shapesOf([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(multiLevelTargets(), shapesOf([10], [4, 10]))).toBe('shape-mismatch');
  });
});

const LEVELS = [2, 3, 4, 5, 6];

function columns(rows: readonly number[][]): number[][] {
  return (rows[0] ?? []).map((_, c) => rows.map((row) => row[c] as number));
}

/** The squared distance of two tables of scalar products. */
function distanceOf(a: readonly number[][], b: readonly number[][]): number {
  const dot = (u: readonly number[], v: readonly number[]) => u.reduce((sum, x, i) => sum + x * (v[i] as number), 0);
  return a
    .flatMap((row, i) => a.map((other, j) => dot(row, other) - dot(b[i] as number[], b[j] as number[])))
    .reduce((sum, difference) => sum + difference ** 2, 0);
}
