import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, checkTellsNoise } from '../cases/pairCases.ts';
import { dot, mean, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import { type CorrelationCongruenceOptions, correlationCongruence } from './correlationCongruence.ts';

checkUse(correlationCongruence, { ...onRelations, weight: { of: 'rows' } });

describe('correlationCongruence', () => {
  checkLoss<CorrelationCongruenceOptions>(correlationCongruence, {
    golden: 'correlationCongruence',
    reference({ student, teacher }, { gamma = 0.4, order = 2 }) {
      const kernel = (cosine: number) => {
        let sum = 0;
        for (let p = 0, factorial = 1; p <= order; p++, factorial *= p) sum += (2 * gamma * cosine) ** p / factorial;
        return Math.exp(-2 * gamma) * sum;
      };
      const [ours, theirs] = [student, teacher].map(({ logits }) => {
        const rows = plainExamples(logits as Values).map(plainUnit);
        return rows.flatMap((a) => rows.map((b) => kernel(dot(a, b))));
      }) as [number[], number[]];
      return mean(ours.map((value, i) => (value - (theirs[i] as number)) ** 2));
    },
    refused: {
      'a gamma of 0': () => correlationCongruence({ gamma: 0 }),
      'no order': () => correlationCongruence({ order: 0 }),
      'half an order': () => correlationCongruence({ order: 1.5 }),
      'an option that it does not have': () => correlationCongruence({ sigma: 1 } as CorrelationCongruenceOptions),
    },
  });
  checkPairLoss(correlationCongruence);
  checkTellsNoise(correlationCongruence);

  test('counts an example without features as of cosine 0 with all, itself included', () => {
    const [student, teacher] = [tf.tensor2d([2, 0, 0, 0], [2, 2]), tf.tensor2d([1, 0, 0, 3], [2, 2])];
    const loss = correlationCongruence({ order: 1, gamma: 0.5 });
    const { value, grad } = tf.valueAndGrad((of: tf.Tensor) =>
      loss.compute(tf, { student: { logits: of }, teacher: { logits: teacher } }),
    )(student);
    // K = e⁻¹ (1 + cos): of the four pairs one differs, by e⁻¹.
    expect(value.dataSync()[0]).toBeCloseTo(Math.exp(-2) / 4, 6);
    expect(Array.from(grad.dataSync()).every(Number.isFinite)).toBe(true);
  });

  test('has the defaults that it documents', () => {
    expect(correlationCongruence().options).toEqual({ output: 'logits', gamma: 0.4, order: 2 });
    expect(correlationCongruence({ output: 'a', teacherOutput: 'b' }).reads).toMatchObject({
      student: ['a'],
      teacher: ['b'],
    });
  });
});
