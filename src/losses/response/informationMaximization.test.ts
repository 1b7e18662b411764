import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, growthOfLogProbs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean, plainRows } from '../cases/plainCases.ts';
import { describeOnCpu, expectLeast, randomInputs, refusalOf, shapesOf } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type InformationMaximizationOptions, informationMaximization } from './informationMaximization.ts';

const entropyOf = (probs: readonly number[]) => probs.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);

checkUse(informationMaximization, {
  student: { logits: [4] },
  teacher: { weights: [] },
  least: 2,
  replayed: [{ exampleWeights: 'weights' }, { exampleWeights: true }],
  weight: { of: 'logits' },
});

describe('informationMaximization', () => {
  checkLoss<InformationMaximizationOptions>(informationMaximization, {
    golden: 'informationMaximization',
    reference({ student }, { certainty = 1, diversity = 1 }) {
      const probs = plainLogProbs(student['logits'] as Values).map((row) => row.map(Math.exp));
      const together = (probs[0] ?? []).map((_, c) => mean(probs.map((row) => row[c] as number)));
      return certainty * mean(probs.map(entropyOf)) - diversity * entropyOf(together);
    },
    growth({ student }, { certainty = 1, diversity = 1 }) {
      const { reach, probs } = growthOfLogProbs([student['logits'] as Values]);
      // A slope is a probability times a logarithm, so what moves it is the square of what moves one of them.
      const rows = student['logits']?.shape[0] ?? 1;
      return { value: (certainty + diversity) * reach, gradient: ((certainty + diversity) * reach * probs) / rows };
    },
    best: null,
    refused: {
      'a negative weight': () => informationMaximization({ certainty: -1 }),
      'a weight that is no number': () => informationMaximization({ diversity: Number.NaN }),
      'no weight at all': () => informationMaximization({ certainty: 0, diversity: 0 }),
      'an option that it does not have': () =>
        informationMaximization({ entropy: 1 } as InformationMaximizationOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(informationMaximization().options).toEqual({ certainty: 1, diversity: 1, output: 'logits' });
    expect(informationMaximization().reads).toEqual({ student: ['logits'], teacher: [], labels: false });
    expect(informationMaximization({ exampleWeights: 'counts' }).reads.teacher).toEqual(['counts']);
    expect(informationMaximization({ exampleWeights: true }).reads).toMatchObject({
      teacher: [],
      exampleWeights: true,
    });
  });

  test('says which batches and shapes it cannot use', () => {
    expect(refusalOf(informationMaximization(), shapesOf([4]))).toBeUndefined();
    expect(refusalOf(informationMaximization(), shapesOf([4], [4], { batchSize: 1 }))).toBe('invalid-option');
    expect(refusalOf(informationMaximization({ diversity: 0 }), shapesOf([4], [4], { batchSize: 1 }))).toBeUndefined();
    expect(refusalOf(informationMaximization(), shapesOf([5, 4]))).toBe('shape-mismatch');
  });
});

describeOnCpu('informationMaximization, besides its contract', () => {
  test('is least, −log C, and flat, where answers are certain and classes equally many', () => {
    const values = Array.from({ length: 6 * 3 }, (_, i) => (Math.floor(i / 3) % 3 === i % 3 ? 60 : 0));
    const inputs = { student: { logits: { shape: [6, 3], values } }, teacher: {} };
    expectLeast(informationMaximization(), inputs, -Math.log(3));
  });

  test('leaves out examples of weight 0', () => {
    const inputs = randomInputs([6, 4]);
    const counts = { shape: [6, 1], values: [1, 0, 1, 0, 1, 1] };
    const rows = plainRows(inputs.student['logits'] as Values).filter((_, i) => counts.values[i] === 1);
    const kept = { student: { logits: { shape: [4, 4], values: rows.flat() } }, teacher: {} };
    const weighted = evaluate(informationMaximization({ exampleWeights: 'counts' }), {
      student: inputs.student,
      teacher: { counts },
    });
    expect(weighted.value).toBeCloseTo(evaluate(informationMaximization(), kept).value, 5);
    expect(weighted.student['logits']?.slice(4, 8)).toEqual([0, 0, 0, 0]);
    expect(weighted.teacher['counts']).toEqual([0, 0, 0, 0, 0, 0]);
    const given = tf.tidy(() => {
      const { shape, values } = inputs.student['logits'] as Values;
      const student = { logits: tf.tensor(values as number[], shape as number[]) };
      const tensors = { student, teacher: {}, exampleWeights: tf.tensor1d(counts.values) };
      return informationMaximization({ exampleWeights: true }).compute(tf, tensors).dataSync()[0] as number;
    });
    expect(given).toBeCloseTo(weighted.value, 6);
    const nobody = { student: inputs.student, teacher: { counts: { shape: [6], values: [0, 0, 0, 0, 0, 0] } } };
    const none = evaluate(informationMaximization({ exampleWeights: 'counts' }), nobody);
    expect(Math.abs(none.value)).toBe(0);
    expect(none.student['logits']?.every((slope) => Math.abs(slope) === 0)).toBe(true);
  });
});
