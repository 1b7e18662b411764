import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLabelsMissing,
  expectLeast,
  expectPerExample,
  frozen,
  growthOfDivergence,
  plainCrossEntropy,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type WeightedSoftLabelsOptions, weightedSoftLabels } from './weightedSoftLabels.ts';

checkUse(weightedSoftLabels, { ...onLogits, weight: { of: 'logits' } });

describe('weightedSoftLabels', () => {
  checkLoss<WeightedSoftLabelsOptions>(weightedSoftLabels, {
    golden: 'weightedSoftLabels',
    reference({ student, teacher, labels = [] }, { temperature = 4 }) {
      const [p, q] = [teacher, student].map((side) => plainLogProbs(side['logits'] as Values, temperature));
      const hard = [frozen(student['logits'] as Values), teacher['logits'] as Values].map((side) =>
        plainLogProbs(side),
      );
      const rows = labels.map((label, i) => {
        const [ofStudent, ofTeacher] = hard.map((side) => -(side[i]?.[label] as number)) as [number, number];
        const weight = 1 - Math.exp(-ofStudent / (ofTeacher + 1e-7));
        return weight * plainCrossEntropy(p?.[i] as number[], q?.[i] as number[]);
      });
      return temperature ** 2 * mean(rows);
    },
    growth(inputs, { temperature = 4 }) {
      const { value, gradient } = growthOfDivergence(inputs, temperature);
      return { value: 4 * value, gradient: 4 * gradient };
    },
    best: null,
    refused: {
      'a temperature of 0': () => weightedSoftLabels({ temperature: 0 }),
      'an option that it does not have': () => weightedSoftLabels({ temprature: 4 } as WeightedSoftLabelsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(weightedSoftLabels().options).toEqual({ temperature: 4, output: 'logits' });
    expect(weightedSoftLabels().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: true });
  });
});

describeOnCpu('weightedSoftLabels, besides its contract', () => {
  test('is the mean of its examples', () => expectPerExample(weightedSoftLabels(), randomInputs([6, 5])));

  test('is flat at the teacher, with 1 − 1 / e of its entropy', () => {
    const { teacher, labels = [] } = randomInputs([3, 4]);
    const entropy = mean(plainLogProbs(teacher['logits'] as Values, 2).map((row) => plainCrossEntropy(row, row)));
    const loss = weightedSoftLabels({ temperature: 2 });
    expectLeast(loss, { student: teacher, teacher, labels }, (1 - 1 / Math.E) * 4 * entropy);
  });

  test('leaves alone what the student has for certain', () => {
    const student = { logits: { shape: [1, 3], values: [90, 0, 0] } };
    const teacher = { logits: { shape: [1, 3], values: [1, 0, 0] } };
    const { value, student: slopes } = evaluate(weightedSoftLabels(), { student, teacher, labels: [0] });
    expect(value).toBe(0);
    expect(slopes['logits']?.every((slope) => slope === 0)).toBe(true);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(weightedSoftLabels(), shapesOf([10]))).toBeUndefined();
    expect(refusalOf(weightedSoftLabels(), shapesOf([4, 10]))).toBe('shape-mismatch');
  });

  test('refuses to work without labels', () => {
    expectLabelsMissing(weightedSoftLabels());
  });
});
