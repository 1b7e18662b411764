import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { toTensors } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLabelsMissing,
  expectPerExample,
  frozen,
  growthOfDivergence,
  plainDivergence,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type ClassWiseOptions, classWise } from './classWise.ts';

checkUse(classWise, { student: { logits: [4] }, least: 2, weight: { of: 'logits' } });

describe('classWise', () => {
  checkLoss<ClassWiseOptions>(classWise, {
    golden: 'classWise',
    reference({ student, labels = [] }, { temperature = 4 }) {
      const p = plainLogProbs(frozen(student['logits'] as Values), temperature);
      const q = plainLogProbs(student['logits'] as Values, temperature);
      const rows = labels.map((_, i) => {
        const mate = mateOf(i, labels);
        return mate === undefined ? 0 : plainDivergence(p[mate] as number[], q[i] as number[]);
      });
      return temperature ** 2 * mean(rows);
    },
    growth: (inputs, { temperature = 4 }) => growthOfDivergence(inputs, temperature),
    // All examples get the same answer.
    best({ student, ...rest }) {
      const { shape, values } = student['logits'] as Values;
      const classes = shape.at(-1) as number;
      return { ...rest, student: { logits: { shape, values: values.map((_, i) => values[i % classes] as number) } } };
    },
    refused: {
      'a temperature of 0': () => classWise({ temperature: 0 }),
      'an option that it does not have': () => classWise({ temprature: 4 } as ClassWiseOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(classWise().options).toEqual({ temperature: 4, output: 'logits' });
    expect(classWise().reads).toEqual({ student: ['logits'], teacher: [], labels: true });
  });
});

describeOnCpu('classWise, besides its contract', () => {
  test('is the mean of its examples', () => {
    expectPerExample(classWise(), { ...randomInputs([6, 5]), labels: [0, 1, 0, 0, 1, 2] });
  });

  test('takes the next example of the label, from the last on to the first, and 0 where there is none', () => {
    const labels = [0, 1, 0, 0, 1, 2];
    const { student } = randomInputs([6, 3]);
    const rows = plainLogProbs(student['logits'] as Values, 4);
    const expected = [2, 4, 3, 0, 1].map(
      (mate, i) => 16 * plainDivergence(rows[mate] as number[], rows[i] as number[]),
    );
    const got = tf.tidy(() =>
      classWise()
        .perExample?.(tf, toTensors({ student, teacher: {}, labels }))
        .arraySync(),
    );
    [...expected, 0].forEach((value, i) => {
      expect(got?.[i]).toBeCloseTo(value, 5);
    });
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(classWise(), shapesOf([10]))).toBeUndefined();
    expect(refusalOf(classWise(), shapesOf([10], [10], { batchSize: 1 }))).toBe('invalid-option');
    expect(refusalOf(classWise(), shapesOf([4, 10]))).toBe('shape-mismatch');
  });

  test('refuses to work without labels', () => {
    expectLabelsMissing(classWise());
  });
});

function mateOf(row: number, labels: readonly number[]): number | undefined {
  return Array.from({ length: labels.length - 1 }, (_, step) => (row + step + 1) % labels.length).find(
    (other) => labels[other] === labels[row],
  );
}
