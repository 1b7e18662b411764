import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { flatLength, meanApart, meanSmoothL1, nearest, pairsOf, withoutGradient } from './pairs.ts';

describe.each(['cpu', 'wasm'] as const)('on %s', (name) => {
  let backend: OpenBackend | undefined;
  beforeAll(async () => {
    backend = await openBackendHere(backendOptions(name));
  });
  afterAll(() => backend?.dispose());

  test('smooth L1 is a parabola up to 1 and straight beyond, and so is its slope', () => {
    const at = tf.tensor1d([-3, -1, -0.5, 0, 0.5, 1, 3]);
    const { value, grad } = tf.valueAndGrad((a: tf.Tensor) => meanSmoothL1(tf, a, tf.zerosLike(a)))(at, tf.scalar(14));
    expect(value.dataSync()[0]).toBeCloseTo((2.5 + 0.5 + 0.125 + 0.125 + 0.5 + 2.5) / 7, 6);
    [-2, -2, -1, 0, 1, 2, 2].forEach((slope, i) => {
      expect(grad.dataSync()[i]).toBeCloseTo(slope, 6);
    });
  });

  test('distances are exact where examples are the same, far from the origin too', () => {
    const rows = tf.tensor2d([1000, 1000, 1003, 1004, 1000, 1000], [3, 2]);
    const { squares, isApart } = pairsOf(tf, rows);
    expect([...isApart.dataSync()]).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0]);
    [1, 25, 1, 25, 1, 25, 1, 25, 1].forEach((square, i) => {
      expect(squares.dataSync()[i]).toBeCloseTo(square, 3);
    });
    expect(meanApart(tf, tf.mul(squares, isApart), isApart).dataSync()[0]).toBeCloseTo(25, 3);
    const none = pairsOf(tf, tf.ones([3, 2]));
    expect(meanApart(tf, tf.mul(none.squares, none.isApart), none.isApart).dataSync()[0]).toBe(1);
  });

  test('the nearest come first, never the example itself, and all others where there are fewer', () => {
    const pairs = pairsOf(tf, tf.tensor2d([0, 1, 3, 7], [4, 1]));
    const names = (most: number) => [...tf.argMax(nearest(tf, pairs, most), 2).dataSync()];
    expect(names(2)).toEqual([1, 2, 0, 2, 1, 0, 2, 1]);
    expect(names(8)).toEqual([1, 2, 3, 0, 2, 3, 1, 0, 3, 2, 1, 0]);
    expect(nearest(tf, pairsOf(tf, tf.ones([1, 2])), 4).shape).toEqual([1, 0, 1]);
  });

  test('what has no gradient may be computed on the way', () => {
    const slopes = tf.grad((of: tf.Tensor) =>
      tf.sum(
        tf.mul(
          of,
          withoutGradient(tf, of, (x) => tf.topk(x, 3).values),
        ),
      ),
    )(tf.tensor1d([1, 3, 2]));
    expect([...slopes.dataSync()]).toEqual([3, 2, 1]);
  });

  test('a free length is named', () => {
    expect(flatLength({ a: [3, 4] }, 'a')).toBe(12);
    expect(() => flatLength({ a: [null, 4] }, 'a')).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining('"a"') }),
    );
  });
});
