import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, checkTellsNoise, distance, plainSmoothL1 } from '../cases/pairCases.ts';
import { mean, plainExamples } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import type { OutputPairOptions } from '../outputPair.ts';
import { relationDistance, relationDistanceLoss } from './relationDistance.ts';

checkUse(relationDistance, { ...onRelations, weight: { of: 'rows' } });

describe('relationDistance', () => {
  checkLoss<OutputPairOptions>(relationDistance, {
    golden: 'relationDistance',
    reference({ student, teacher }) {
      const [ours, theirs] = [student, teacher].map(({ logits }) => relative(logits as Values)) as [number[], number[]];
      return mean(ours.map((value, i) => plainSmoothL1(value - (theirs[i] as number))));
    },
    refused: { 'an option that it does not have': () => relationDistance({ beta: 1 } as OutputPairOptions) },
  });
  checkPairLoss(relationDistance);
  checkTellsNoise(relationDistance);

  test('has the defaults that it documents', () => {
    expect(relationDistance().options).toEqual({ output: 'logits' });
    expect(relationDistance({ output: 'a', teacherOutput: 'b' }).reads).toMatchObject({
      student: ['a'],
      teacher: ['b'],
    });
  });

  test('does not ask how large features are, or where they lie', () => {
    const student = tf.tensor2d([1, 2, -1, 0.5, 3, 1], [3, 2]);
    const teacher = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
    const straight = relationDistanceLoss(tf, student, teacher).dataSync()[0] as number;
    expect(straight).toBeGreaterThan(0.001);
    expect(relationDistanceLoss(tf, student.mul(-70).add(50), teacher).dataSync()[0]).toBeCloseTo(straight, 5);
  });
});

/** All distances over the mean of those above 0. */
function relative(values: Values): number[] {
  const rows = plainExamples(values);
  const distances = rows.flatMap((a) => rows.map((b) => distance(a, b)));
  const apart = distances.filter((length) => length > 0);
  return apart.length === 0 ? distances : distances.map((length) => length / mean(apart));
}
