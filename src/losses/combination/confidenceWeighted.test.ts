import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { toTensors } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkMembersLoss, everybodyAlike, membersGrowth, plainDivergences } from '../cases/memberCases.ts';
import { checkUse, onMembers } from '../cases/useContract.ts';
import { type ConfidenceWeightedOptions, confidenceWeighted } from './confidenceWeighted.ts';

type Options = ConfidenceWeightedOptions & { readonly temperature: number };
const teacherOutputs = ['logits@0', 'logits@1'];

checkUse(confidenceWeighted, { ...onMembers, weight: { of: 'logits' } });

describe('confidenceWeighted', () => {
  checkLoss<Options>(confidenceWeighted, {
    golden: 'confidenceWeighted',
    reference(inputs, options) {
      const { labels = [] } = inputs;
      const errors = options.teacherOutputs.map((name) =>
        plainLogProbs(inputs.teacher[name] as Values).map((row, i) => -(row[labels[i] as number] as number)),
      );
      const rows = plainDivergences(inputs, options).map((divergences, i) => {
        const most = Math.max(...errors.map((of) => of[i] as number));
        const raised = errors.map((of) => Math.exp((of[i] as number) - most));
        const all = raised.reduce((a, b) => a + b, 0);
        const weights = raised.map((one) => (1 - one / all) / (raised.length - 1));
        return divergences.reduce((sum, one, k) => sum + (weights[k] as number) * one, 0);
      });
      return rows.reduce((a, b) => a + b, 0) / rows.length;
    },
    growth: membersGrowth,
    best: everybodyAlike,
    refused: {
      'no teachers': () => confidenceWeighted({} as ConfidenceWeightedOptions),
      'one teacher': () => confidenceWeighted({ teacherOutputs: ['logits@0'] }),
      'the same teacher twice': () => confidenceWeighted({ teacherOutputs: ['logits@0', 'logits@0'] }),
      'a negative temperature': () => confidenceWeighted({ teacherOutputs, temperature: -1 }),
      'an option that it does not have': () =>
        confidenceWeighted({ teacherOutputs, beta: 50 } as ConfidenceWeightedOptions),
    },
  });

  checkMembersLoss(() => confidenceWeighted({ teacherOutputs }));

  test('has the defaults that it documents', () => {
    const loss = confidenceWeighted({ teacherOutputs });
    expect(loss.options).toEqual({ teacherOutputs, output: 'logits', temperature: 4 });
    expect(loss.reads).toEqual({ student: ['logits'], teacher: teacherOutputs, labels: true });
  });

  test('listens to the teacher that is right, and needs labels for it', () => {
    const row = (values: number[]) => ({ shape: [1, 3], values });
    const teacher = { 'logits@0': row([9, 0, 0]), 'logits@1': row([0, 9, 0]) };
    const loss = confidenceWeighted({ teacherOutputs, temperature: 1 });
    tf.tidy(() => {
      const { labels: _, ...tensors } = toTensors({ student: { logits: row([9, 0, 0]) }, teacher });
      const at = (label: number) =>
        loss.compute(tf, { ...tensors, labels: tf.tensor1d([label], 'int32') }).dataSync()[0] as number;
      expect(at(0)).toBeLessThan(0.01);
      expect(at(1)).toBeGreaterThan(8);
      expect(() => loss.compute(tf, tensors)).toThrow(expect.objectContaining({ code: 'labels-missing' }));
    });
  });
});
