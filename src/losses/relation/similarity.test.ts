import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { checkLoss, type LossInputs, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, checkTellsNoise } from '../cases/pairCases.ts';
import { dot, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import type { OutputPairOptions } from '../outputPair.ts';
import { similarity, similarityLoss } from './similarity.ts';

checkUse(similarity, { ...onRelations, weight: { of: 'rows' } });

describe('similarity', () => {
  checkLoss<OutputPairOptions>(similarity, {
    golden: 'similarity',
    reference: ({ student, teacher }: LossInputs) => {
      const [ours, theirs] = [student, teacher].map(({ logits }) => {
        const rows = plainExamples(logits as Values);
        return rows.map((a) => plainUnit(rows.map((b) => dot(a, b))));
      }) as [number[][], number[][]];
      const squares = ours.flatMap((row, i) => row.map((value, j) => (value - (theirs[i]?.[j] ?? 0)) ** 2));
      return squares.reduce((a, b) => a + b, 0) / squares.length;
    },
    refused: { 'an option that it does not have': () => similarity({ layer: 'features' } as OutputPairOptions) },
  });
  checkPairLoss(similarity);
  checkTellsNoise(similarity);

  test('has the defaults that it documents', () => {
    expect(similarity().options).toEqual({ output: 'logits' });
    expect(similarity({ output: 'a', teacherOutput: 'b' }).reads).toEqual({
      student: ['a'],
      teacher: ['b'],
      labels: false,
    });
  });

  test('counts an example without features as like nobody, not even itself', () => {
    // Rows of G over their lengths: the student's [1, 0], [0, 0] beside the teacher's [1, 0], [0, 1].
    const student = tf.tensor2d([2, 0, 0, 0], [2, 2]);
    const { value, grad } = tf.valueAndGrad((of: tf.Tensor) => similarityLoss(tf, of, tf.eye(2)))(student);
    expect(value.dataSync()[0]).toBeCloseTo(1 / 4, 6);
    expect(Array.from(grad.dataSync())).toEqual([0, 0, 0, 0]);
  });

  test('is the same for features of another length and another turn', () => {
    const student = tf.tensor2d([1, 2, -1, 0.5, 3, 1], [3, 2]);
    const teacher = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
    const turned = tf.stack([tf.neg(student.gather([1], 1)), student.gather([0], 1)], 1).reshape([3, 2]);
    const straight = similarityLoss(tf, student, teacher).dataSync()[0] as number;
    expect(straight).toBeGreaterThan(0.01);
    expect(similarityLoss(tf, turned.mul(7), teacher).dataSync()[0]).toBeCloseTo(straight, 6);
  });
});
