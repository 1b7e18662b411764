import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import * as tf from '../../tf.ts';
import { beginOnWasm, levels, readBinaries } from '../cases/binaryCases.ts';
import { installKernels } from '../install.ts';

const binaryOf = readBinaries();
beginOnWasm();

const random = seededRandom(7);
const values = (length: number) => Float32Array.from({ length }, () => 2 * random() - 1);
/** Around the blocks of the packed product: 8 columns a panel, 512 a block, 256 depths. */
const COLUMNS = [1, 3, 8, 30, 515];
const DEPTHS = [1, 3, 4, 257, 602];

describe.each(levels)('%s: few rows, whose other operand is read in place', (level) => {
  test.each(DEPTHS)('give the bits of a product with many rows, %i deep', async (depth) => {
    await installKernels(binaryOf(level));
    for (const columns of COLUMNS) {
      const many = values(8 * depth);
      const [b, bias] = [values(depth * columns), values(columns)];
      for (const rows of [1, 2, 3]) {
        for (const transposeB of [false, true]) {
          const product = (a: Float32Array, count: number) =>
            tf.tidy(() => {
              const right = tf.tensor2d(b, transposeB ? [columns, depth] : [depth, columns]);
              return tf.fused
                .matMul({
                  ...{ a: tf.tensor2d(a, [count, depth]), b: right, bias: tf.tensor1d(bias) },
                  ...{ transposeA: false, transposeB, activation: 'relu6' },
                })
                .dataSync();
            });
          const few = product(many.slice(0, rows * depth), rows);
          expect(few).toEqual(product(many, 8).slice(0, rows * columns));
        }
      }
    }
  });

  test('of several matrices, each with its own', async () => {
    await installKernels(binaryOf(level));
    const [a, b] = [values(3 * 2 * 9), values(3 * 9 * 11)];
    const product = (rows: number, from: Float32Array) =>
      tf.tidy(() => tf.matMul(tf.tensor3d(from, [3, rows, 9]), tf.tensor3d(b, [3, 9, 11])).dataSync());
    const four = new Float32Array(3 * 4 * 9);
    for (let i = 0; i < 3; i++) four.set(a.subarray(i * 18, (i + 1) * 18), i * 36);
    const wanted = product(4, four);
    const given = product(2, a);
    for (let i = 0; i < 3; i++) expect(given.slice(i * 22, i * 22 + 22)).toEqual(wanted.slice(i * 44, i * 44 + 22));
  });
});
