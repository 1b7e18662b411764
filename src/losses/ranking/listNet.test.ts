import { describe, expect, test } from 'vitest';
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
import { checkUse } from '../cases/useContract.ts';
import { type ListNetOptions, listNet } from './listNet.ts';

checkUse(listNet, {
  student: { scores: [5] },
  teacher: { scores: [5] },
  mismatches: [[{}, { scores: [6] }, {}, /"read" bring its output/]],
  weight: { of: 'logits' },
});

describe('listNet', () => {
  checkLoss<ListNetOptions>(listNet, {
    golden: 'listNet',
    reference({ student, teacher }) {
      const [q, p] = [student, teacher].map((side) => plainLogProbs(side['scores'] as Values));
      return mean((p as number[][]).map((row, i) => plainCrossEntropy(row, q?.[i] as number[])));
    },
    growth: (inputs) => growthOfDivergence(inputs, 1, 'scores'),
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'an option that it does not have': () => listNet({ margin: 4 } as ListNetOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(listNet().options).toEqual({ output: 'scores' });
    expect(listNet().reads).toEqual({ student: ['scores'], teacher: ['scores'], labels: false });
  });
});

describeOnCpu('listNet, besides its contract', () => {
  test('is least at the teacher, with its entropy', () => {
    const { teacher } = randomInputs([3, 4], 1, 'scores');
    const entropy = mean(plainLogProbs(teacher['scores'] as Values).map((row) => plainCrossEntropy(row, row)));
    expectLeast(listNet(), { student: teacher, teacher }, entropy);
  });

  test('is the mean of its lists', () => expectPerExample(listNet(), randomInputs([6, 5], 1, 'scores')));

  test('says before the first step what it cannot compare', () => {
    const shapes = (student: number[], teacher: number[]) => shapesOf(student, teacher, { output: 'scores' });
    expect(refusalOf(listNet(), shapes([5], [5]))).toBeUndefined();
    expect(refusalOf(listNet(), shapes([5], [4]))).toBe('shape-mismatch');
    expect(refusalOf(listNet(), shapes([1], [1]))).toBe('shape-mismatch');
    expect(refusalOf(listNet(), shapes([5, 2], [5, 2]))).toBe('shape-mismatch');
  });
});
