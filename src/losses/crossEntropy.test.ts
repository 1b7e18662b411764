import { describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { type CrossEntropyOptions, crossEntropy } from './crossEntropy.ts';
import { checkLoss, growthOfLogProbs, type LossInputs, plainLogProbs, type Values } from './lossContract.ts';
import { describeOnCpu, expectPerExample, randomInputs } from './responseCases.ts';

describe('crossEntropy', () => {
  checkLoss<CrossEntropyOptions>(crossEntropy, {
    golden: 'crossEntropy',
    reference({ student, labels = [] }) {
      const logProbs = plainLogProbs(student['logits'] as Values);
      return -logProbs.reduce((sum, row, i) => sum + (row[labels[i] as number] as number), 0) / logProbs.length;
    },
    growth({ student }) {
      const { reach, probs } = growthOfLogProbs([student['logits'] as Values]);
      return { value: reach, gradient: probs / (student['logits']?.shape[0] ?? 1) };
    },
    best: certain,
    refused: { 'an option that it does not have': () => crossEntropy({ outputs: 'logits' } as CrossEntropyOptions) },
  });

  test('has the defaults that it documents', () => {
    expect(crossEntropy().options).toEqual({ output: 'logits' });
    expect(crossEntropy().reads).toEqual({ student: ['logits'], teacher: [], labels: true });
  });

  test('refuses to work without labels', () => {
    const compute = () => crossEntropy().compute(tf, { student: {}, teacher: {} });
    expect(compute).toThrow(expect.objectContaining({ code: 'labels-missing' }));
  });
});

describeOnCpu('crossEntropy beside its contract', () => {
  test('is the mean of its examples', () => expectPerExample(crossEntropy(), randomInputs([6, 5])));
});

/** The student is sure of the label of every example. */
function certain({ student, labels = [] }: LossInputs): LossInputs {
  const { shape, values } = student['logits'] as Values;
  const classes = shape.at(-1) as number;
  const logits = values.map((_, i) => (labels[Math.floor(i / classes)] === i % classes ? 200 : 0));
  return { student: { logits: { shape, values: logits } }, teacher: {}, labels };
}
