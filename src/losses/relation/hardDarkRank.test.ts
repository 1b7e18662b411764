import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { checkLoss, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, distance, plainSoftmax } from '../cases/pairCases.ts';
import { mean, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import { type HardDarkRankOptions, hardDarkRank, hardDarkRankLoss } from './hardDarkRank.ts';

const DEFAULTS = { neighbors: 4, alpha: 3, beta: 3 };

checkUse(hardDarkRank, { ...onRelations, least: 3, weight: { of: 'rows' } });

describe('hardDarkRank', () => {
  checkLoss<HardDarkRankOptions>(hardDarkRank, {
    golden: 'hardDarkRank',
    reference({ student, teacher }, { neighbors = 4, alpha = 3, beta = 3 }) {
      const ours = between(student['logits'] as Values);
      const rows = between(teacher['logits'] as Values).map((distances, i) => {
        const others = distances.map((_, j) => j).filter((j) => j !== i);
        const nearest = others.sort((a, b) => (distances[a] as number) - (distances[b] as number)).slice(0, neighbors);
        const scores = nearest.map((j) => -alpha * (ours[i]?.[j] as number) ** beta);
        return scores.reduce((sum, _, rank) => sum - Math.log(plainSoftmax(scores.slice(rank))[0] as number), 0);
      });
      return mean(rows);
    },
    best: null,
    refused: {
      'one neighbor': () => hardDarkRank({ neighbors: 1 }),
      'an alpha of 0': () => hardDarkRank({ alpha: 0 }),
      'a negative beta': () => hardDarkRank({ beta: -3 }),
      'an option that it does not have': () => hardDarkRank({ permute: 4 } as HardDarkRankOptions),
    },
  });
  checkPairLoss(hardDarkRank);

  test('has the defaults that it documents', () => {
    expect(hardDarkRank().options).toEqual({ output: 'logits', ...DEFAULTS });
    expect(hardDarkRank({ output: 'a', teacherOutput: 'b' }).reads).toMatchObject({ student: ['a'], teacher: ['b'] });
  });

  test('is log 4! where all are alike, near 0 where the order is certain, and large where it is wrong', () => {
    const angles = [0, 0.1, 0.3, 0.7, 1.5, 3];
    const toCircle = (of: number[]) => tf.tensor2d(of.map((angle) => [Math.cos(angle), Math.sin(angle)]));
    const teacher = toCircle(angles);
    const loss = (student: tf.Tensor, alpha = 3) =>
      hardDarkRankLoss(tf, student, teacher, { ...DEFAULTS, alpha }).dataSync()[0] as number;
    expect(loss(tf.ones([6, 3]))).toBeCloseTo(Math.log(24), 5);
    expect(loss(teacher, 1e5)).toBeLessThan(0.01);
    expect(loss(teacher)).toBeLessThan(Math.log(24));
    expect(loss(toCircle([3, 0.1, 1.5, 0.7, 0.3, 0]))).toBeGreaterThan(loss(teacher));
    expect(loss(teacher.mul(1000))).toBeCloseTo(loss(teacher), 3);
  });

  test('is 0 for two examples', () => {
    const two = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(hardDarkRankLoss(tf, two, two, DEFAULTS).dataSync()[0]).toBe(0);
  });
});

function between(values: Values): number[][] {
  const rows = plainExamples(values).map(plainUnit);
  return rows.map((a) => rows.map((b) => distance(a, b)));
}
