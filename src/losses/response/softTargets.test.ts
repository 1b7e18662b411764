import { describe, expect, test } from 'vitest';
import { checkLoss, growthOfLogProbs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { describeOnCpu, expectPerExample, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type SoftTargetsOptions, softTargets } from './softTargets.ts';

checkUse(softTargets, { ...onLogits, weight: { of: 'logits' } });

describe('softTargets', () => {
  checkLoss<{ temperature: number }>(softTargets, {
    golden: 'softTargets',
    // T² Σ p log (p / q), mean over the rows.
    reference({ student, teacher }, { temperature }) {
      const q = plainLogProbs(student['logits'] as Values, temperature);
      const p = plainLogProbs(teacher['logits'] as Values, temperature);
      const rows = p.map((row, i) => row.reduce((sum, log, c) => sum + Math.exp(log) * (log - (q[i]?.[c] ?? 0)), 0));
      return (temperature ** 2 * rows.reduce((a, b) => a + b, 0)) / rows.length;
    },
    growth({ student, teacher }, { temperature }) {
      const { reach, probs } = growthOfLogProbs(
        [student['logits'] as Values, teacher['logits'] as Values],
        temperature,
      );
      return { value: temperature ** 2 * reach, gradient: (temperature * probs) / (student['logits']?.shape[0] ?? 1) };
    },
    refused: {
      'a temperature of 0': () => softTargets({ temperature: 0 }),
      'a negative temperature': () => softTargets({ temperature: -1 }),
      'a temperature that is no number': () => softTargets({ temperature: Number.NaN }),
      'an infinite temperature': () => softTargets({ temperature: Number.POSITIVE_INFINITY }),
      'a temperature in words': () => softTargets({ temperature: '4' as unknown as number }),
      'an option that it does not have': () => softTargets({ temprature: 4 } as SoftTargetsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(softTargets().options).toEqual({ temperature: 4, output: 'logits' });
    expect(softTargets().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });

  test('reads the output that it is told to', () => {
    expect(softTargets({ output: 'digits' }).reads).toEqual({
      student: ['digits'],
      teacher: ['digits'],
      labels: false,
    });
  });
});

describeOnCpu('softTargets, besides its contract', () => {
  test('is the mean of its examples, and of their tokens', () => {
    expectPerExample(softTargets(), randomInputs([6, 5]));
    expectPerExample(softTargets(), randomInputs([3, 4, 5]));
  });

  test('says before the first step when a teacher’s output of another name cannot be compared', () => {
    const loss = softTargets({ teacherOutput: 'member' });
    const shapes = (student: number[], teacher: number[]) => {
      const { student: own } = shapesOf(student);
      return { ...shapesOf(teacher), student: own, teacher: { member: teacher } };
    };
    expect(refusalOf(loss, shapes([10], [10]))).toBeUndefined();
    expect(refusalOf(loss, shapes([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(loss, shapes([10], [4, 10]))).toBe('shape-mismatch');
  });
});
