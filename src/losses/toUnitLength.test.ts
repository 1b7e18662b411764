import { beforeAll, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { toUnitLength } from './toUnitLength.ts';

beforeAll(() => tf.setBackend('cpu'));

test.each([-1, 0, 1])('vectors along axis %d get the length 1', (axis) => {
  tf.tidy(() => {
    const lengths = tf.norm(toUnitLength(tf, tf.randomNormal([3, 4, 5]), axis), 2, axis).dataSync();
    for (const length of lengths) expect(length).toBeCloseTo(1, 5);
  });
});

test.each([1e-9, 1e-3, 1, 1e4])('the gradient is that of x / √(x · x), for values around %d', (scale) => {
  tf.tidy(() => {
    const vectors = tf.mul(tf.randomNormal([3, 4], 0, 1, 'float32', 7), scale);
    const weights = tf.randomNormal([3, 4], 0, 1, 'float32', 8);
    const slopes = tf
      .grad((x) => tf.sum(tf.mul(toUnitLength(tf, x), weights)))(vectors)
      .dataSync();
    const [x, w] = [vectors.arraySync(), weights.arraySync()] as [number[][], number[][]];
    x.forEach((row, i) => {
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      const along = row.reduce((sum, value, j) => sum + (value / length) * (w[i]?.[j] as number), 0);
      row.forEach((value, j) => {
        const expected = ((w[i]?.[j] as number) - (along * value) / length) / length;
        expect((slopes[4 * i + j] as number) * scale).toBeCloseTo(expected * scale, 4);
      });
    });
  });
});

test('zero stays zero and passes the gradient on', () => {
  tf.tidy(() => {
    expect([...toUnitLength(tf, tf.zeros([1, 3])).dataSync()]).toEqual([0, 0, 0]);
    const slopes = tf.grad((x) => tf.sum(tf.mul(toUnitLength(tf, x), [[1, 2, 3]])))(tf.zeros([1, 3]));
    expect([...slopes.dataSync()]).toEqual([1, 2, 3]);
  });
});
