import { describe, expect, test } from 'vitest';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLabelsMissing,
  expectLeast,
  expectPerExample,
  growthOfDivergence,
  plainCrossEntropy,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type LabelSmoothingOptions, labelSmoothing } from './labelSmoothing.ts';

checkUse(labelSmoothing, { student: { logits: [4] }, weight: { of: 'logits' } });

describe('labelSmoothing', () => {
  checkLoss<LabelSmoothingOptions>(labelSmoothing, {
    golden: 'labelSmoothing',
    reference({ student, labels = [] }, options) {
      const q = plainLogProbs(student['logits'] as Values);
      return mean(q.map((row, i) => plainCrossEntropy(targetsOf(row.length, labels[i] as number, options), row)));
    },
    growth: (inputs) => growthOfDivergence(inputs, 1),
    best: null,
    refused: {
      'an alpha above 1': () => labelSmoothing({ alpha: 1.5 }),
      'a negative alpha': () => labelSmoothing({ alpha: -0.1 }),
      'a spread that it does not know': () => labelSmoothing({ spread: 'some' as 'all' }),
      'an option that it does not have': () => labelSmoothing({ temprature: 4 } as LabelSmoothingOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(labelSmoothing().options).toEqual({ alpha: 0.1, spread: 'others', output: 'logits' });
    expect(labelSmoothing().reads).toEqual({ student: ['logits'], teacher: [], labels: true });
  });
});

describeOnCpu('labelSmoothing, besides its contract', () => {
  test('is the mean of its examples', () => expectPerExample(labelSmoothing(), randomInputs([6, 5])));

  test.each(['others', 'all'] as const)('is least where the student gives the smoothed labels (%s)', (spread) => {
    const targets = [2, 0].map((label) => targetsOf(4, label, { spread }));
    const inputs = { student: { logits: { shape: [2, 4], values: targets.flat() } }, teacher: {}, labels: [2, 0] };
    const entropy = mean(targets.map((row) => plainCrossEntropy(row, row)));
    expectLeast(labelSmoothing({ spread }), inputs, entropy);
    expect(targets.map((row) => row.reduce((sum, log) => sum + Math.exp(log), 0))).toEqual([
      expect.closeTo(1, 12),
      expect.closeTo(1, 12),
    ]);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(labelSmoothing(), shapesOf([10]))).toBeUndefined();
    expect(refusalOf(labelSmoothing(), shapesOf([4, 10]))).toBe('shape-mismatch');
  });

  test('refuses to work without labels', () => {
    expectLabelsMissing(labelSmoothing());
  });
});

/** The logs of the smoothed labels. */
function targetsOf(
  classes: number,
  label: number,
  { alpha = 0.1, spread = 'others' }: LabelSmoothingOptions,
): number[] {
  if (classes === 1) return [0];
  const [toLabel, toOther] =
    spread === 'all' ? [1 - alpha + alpha / classes, alpha / classes] : [1 - alpha, alpha / (classes - 1)];
  return Array.from({ length: classes }, (_, c) => Math.log(c === label ? toLabel : toOther));
}
