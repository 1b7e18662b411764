import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLabelsMissing,
  expectPerExample,
  growthOfDivergence,
  plainCrossEntropy,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type NormalizedTargetsOptions, normalizedTargets } from './normalizedTargets.ts';

checkUse(normalizedTargets, { ...onLogits, weight: { of: 'logits' } });

describe('normalizedTargets', () => {
  checkLoss<NormalizedTargetsOptions>(normalizedTargets, {
    golden: 'normalizedTargets',
    reference({ student, teacher, labels = [] }, { gamma = 1.5, temperature = 1 }) {
      const p = plainLogProbs(teacher['logits'] as Values);
      const q = plainLogProbs(student['logits'] as Values);
      const rows = labels.map((label, i) => {
        const [ofTeacher, ofStudent] = [p[i], q[i]] as [number[], number[]];
        const target = -Math.exp(ofTeacher[label] as number) * (ofStudent[label] as number);
        const [r, s] = [ofTeacher, ofStudent].map((row) => othersOf(row, label, temperature)) as [number[], number[]];
        return target + gamma * temperature ** 2 * plainCrossEntropy(r, s);
      });
      return mean(rows);
    },
    growth(inputs, { gamma = 1.5, temperature = 1 }) {
      const [plain, soft] = [growthOfDivergence(inputs, 1), growthOfDivergence(inputs, temperature)];
      return { value: plain.value + 2 * gamma * soft.value, gradient: 2 * (plain.gradient + gamma * soft.gradient) };
    },
    best: null,
    refused: {
      'a negative gamma': () => normalizedTargets({ gamma: -1 }),
      'a temperature of 0': () => normalizedTargets({ temperature: 0 }),
      'an option that it does not have': () => normalizedTargets({ temprature: 4 } as NormalizedTargetsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(normalizedTargets().options).toEqual({ gamma: 1.5, temperature: 1, output: 'logits' });
    expect(normalizedTargets().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: true });
  });
});

describeOnCpu('normalizedTargets, besides its contract', () => {
  test('is the mean of its examples', () => expectPerExample(normalizedTargets(), randomInputs([6, 5])));

  test('is flat where the others are the teacher’s and the label is certain', () => {
    const teacher = { logits: { shape: [1, 4], values: [1, 0.5, -1, 2] } };
    const student = { logits: { shape: [1, 4], values: [40, 0.5, -1, 2] } };
    const slopes = evaluate(normalizedTargets(), { student, teacher, labels: [0] }).student['logits'] ?? [];
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThan(1e-6);
    const moved = { logits: { shape: [1, 4], values: [40, 0.5, 0, 2] } };
    const others = evaluate(normalizedTargets(), { student: moved, teacher, labels: [0] }).student['logits'] ?? [];
    expect(Math.max(...others.map(Math.abs))).toBeGreaterThan(1e-2);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(normalizedTargets(), shapesOf([10]))).toBeUndefined();
    expect(refusalOf(normalizedTargets(), shapesOf([4, 10]))).toBe('shape-mismatch');
  });

  test('refuses to work without labels', () => {
    expectLabelsMissing(normalizedTargets());
  });
});

/** The logs of the other classes as a distribution of their own, at this temperature. */
function othersOf(logProbs: readonly number[], label: number, temperature: number): number[] {
  const values = logProbs.filter((_, c) => c !== label);
  return values.length === 0 ? [] : (plainLogProbs({ shape: [1, values.length], values }, temperature)[0] as number[]);
}
