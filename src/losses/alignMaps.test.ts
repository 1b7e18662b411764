import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { alignMaps } from './alignMaps.ts';
import { flat, plainAligned, range } from './cases/featureCases.ts';

beforeAll(() => tf.setBackend('cpu'));

describe('alignMaps', () => {
  const pairs = [
    // Windows of one size, uneven ones, each side the longer along one axis, one position, sequences.
    [
      [2, 8, 6, 3],
      [2, 4, 2, 5],
      [4, 2],
    ],
    [
      [2, 3, 2, 3],
      [2, 7, 5, 3],
      [3, 2],
    ],
    [
      [2, 3, 9, 2],
      [2, 5, 4, 2],
      [3, 4],
    ],
    [
      [1, 5, 5, 2],
      [1, 1, 1, 2],
      [1, 1],
    ],
    [[2, 12, 3], [2, 4, 3], [4]],
    [[2, 5, 3], [2, 7, 3], [5]],
  ] as const;

  test.each(pairs)('brings %j and %j to the same positions, as averaging by hand does', (a, b, positions) => {
    tf.tidy(() => {
      const [student, teacher] = [tf.randomNormal([...a]), tf.randomNormal([...b])];
      const plain = plainAligned(
        { shape: a, values: [...student.dataSync()] },
        { shape: b, values: [...teacher.dataSync()] },
      );
      alignMaps(tf, student, teacher).forEach((aligned, side) => {
        expect(aligned.shape).toEqual([a[0], ...positions, [a, b][side]?.at(-1)]);
        const expected = flat(plain[side] as never);
        aligned.dataSync().forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i] as number, 5);
        });
      });
    });
  });

  test('passes the gradient on, one share to each position of a window', () => {
    tf.tidy(() => {
      const slopes = tf.grad((values) =>
        tf.sum(tf.mul(alignMaps(tf, values, tf.zeros([1, 3, 1]))[0], [[[1], [10], [100]]])),
      );
      // Windows 0–1, 1–3 and 3–4 of five positions.
      const expected = [1 / 2, 1 / 2 + 10 / 3, 10 / 3, 10 / 3 + 100 / 2, 100 / 2];
      slopes(tf.ones([1, 5, 1]))
        .dataSync()
        .forEach((slope, i) => {
          expect(slope).toBeCloseTo(expected[i] as number, 4);
        });
    });
  });

  test('leaves alone what is as long already, and vectors', () => {
    tf.tidy(() => {
      for (const shape of [[2, 3, 4, 5], [2, 3, 4], range(2).map((i) => i + 2)]) {
        const [a, b] = [tf.zeros(shape), tf.zeros([...shape.slice(0, -1), 7])];
        expect(alignMaps(tf, a, b)).toEqual([a, b]);
      }
    });
  });
});
