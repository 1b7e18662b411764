import { describe, expect, test } from 'vitest';
import * as tf from '../../tf.ts';
import { beginOnWasm, readBinaries } from '../cases/binaryCases.ts';
import { installKernels } from '../install.ts';

const binaryOf = readBinaries();
beginOnWasm();

type Compute = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Equations, shapes and the same by operations whose gradients tfjs has. */
const CASES: readonly [string, number[], number[], Compute][] = [
  ['ij,jk->ik', [2, 3], [3, 4], (a, b) => tf.matMul(a, b)],
  ['bij,bkj->bki', [2, 3, 4], [2, 5, 4], (a, b) => tf.matMul(b, a, false, true)],
  ['bi,bi->b', [3, 4], [3, 4], (a, b) => tf.sum(tf.mul(a, b), 1)],
  ['bi, bi -> ib', [3, 4], [3, 4], (a, b) => tf.transpose(tf.mul(a, b))],
  ['i,j->ij', [3], [4], (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D)],
  ['ij,k->i', [2, 3], [4], (a, b) => tf.mul(tf.sum(a, 1), tf.sum(b))],
  ['ij,i->', [2, 3], [2], (a, b) => tf.sum(tf.mul(a, tf.reshape(b, [2, 1])))],
];

describe('the gradient of an Einstein sum', () => {
  test.each(CASES)('%s', async (equation, aShape, bShape, compute) => {
    await installKernels(binaryOf('simd'));
    tf.tidy(() => {
      const inputs = [tf.randomUniform(aShape, -1, 1, 'float32', 1), tf.randomUniform(bShape, -1, 1, 'float32', 2)];
      const weigh = (y: tf.Tensor) => tf.sum(tf.mul(y, tf.add(tf.square(y), 1))) as tf.Scalar;
      const wanted = tf.grads((a, b) => weigh(compute(a as tf.Tensor, b as tf.Tensor)))(inputs);
      const actual = tf.grads((a, b) => weigh(tf.einsum(equation, a as tf.Tensor, b as tf.Tensor)))(inputs);
      actual.forEach((gradient, i) => {
        expect(gradient.shape).toEqual(inputs[i]?.shape);
        tf.test_util.expectArraysClose(gradient.dataSync(), wanted[i]?.dataSync() as Float32Array, 1e-5);
      });
    });
  });

  test('of one tensor', async () => {
    await installKernels(binaryOf('simd'));
    tf.tidy(() => {
      const x = tf.tensor([1, 2, 3, 4, 5, 6], [1, 2, 3]);
      const weights = tf.tensor([7, 8], [2, 1]);
      const gradient = tf.grad((y) => tf.sum(tf.mul(tf.einsum('ijk->ji', y), weights)))(x);
      expect([...gradient.dataSync()]).toEqual([7, 7, 7, 8, 8, 8]);
      expect(gradient.shape).toEqual([1, 2, 3]);
    });
  });
});
