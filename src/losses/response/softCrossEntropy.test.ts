import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLeast,
  expectPerExample,
  growthOfDivergence,
  plainCrossEntropy,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type SoftCrossEntropyOptions, softCrossEntropy } from './softCrossEntropy.ts';
import { softTargets } from './softTargets.ts';

checkUse(softCrossEntropy, { ...onLogits, weight: { of: 'logits' } });

describe('softCrossEntropy', () => {
  checkLoss<SoftCrossEntropyOptions>(softCrossEntropy, {
    golden: 'softCrossEntropy',
    reference({ student, teacher }, { temperature = 4 }) {
      const p = plainLogProbs(teacher['logits'] as Values, temperature);
      const q = plainLogProbs(student['logits'] as Values, temperature);
      return temperature ** 2 * mean(p.map((row, i) => plainCrossEntropy(row, q[i] as number[])));
    },
    growth: (inputs, { temperature = 4 }) => growthOfDivergence(inputs, temperature),
    best: null,
    refused: {
      'a temperature of 0': () => softCrossEntropy({ temperature: 0 }),
      'an option that it does not have': () => softCrossEntropy({ temprature: 4 } as SoftCrossEntropyOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(softCrossEntropy().options).toEqual({ temperature: 4, output: 'logits' });
    expect(softCrossEntropy().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

describeOnCpu('softCrossEntropy, besides its contract', () => {
  test('is the mean of its examples, and of their tokens', () => {
    expectPerExample(softCrossEntropy(), randomInputs([6, 5]));
    expectPerExample(softCrossEntropy(), randomInputs([3, 4, 5]));
  });

  test('is least at the teacher, with the teacher’s entropy', () => {
    const { teacher } = randomInputs([3, 4]);
    const entropy = mean(plainLogProbs(teacher['logits'] as Values, 2).map((row) => plainCrossEntropy(row, row)));
    expectLeast(softCrossEntropy({ temperature: 2 }), { student: teacher, teacher }, 4 * entropy);
  });

  test('has the slopes of softTargets', () => {
    const inputs = randomInputs([3, 4]);
    const [one, other] = [softCrossEntropy(), softTargets()].map((loss) => evaluate(loss, inputs).student['logits']);
    one?.forEach((slope, i) => {
      expect(slope).toBeCloseTo(other?.[i] as number, 6);
    });
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(softCrossEntropy(), shapesOf([4, 10]))).toBeUndefined();
    expect(refusalOf(softCrossEntropy(), shapesOf([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(softCrossEntropy(), shapesOf([10], [4, 10]))).toBe('shape-mismatch');
  });
});
