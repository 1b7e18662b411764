import { beforeEach, describe, expect, test } from 'vitest';
import * as tf from '../tf.ts';
import { beginOnWasm, levels, readBinaries } from './cases/binaryCases.ts';
import { installKernels } from './install.ts';

const binaryOf = readBinaries();
beginOnWasm();

const { NaN: none, POSITIVE_INFINITY: infinite } = Number;
const values = [0, -0, 1, -1, 0.5, 2, 3, -3, 1e-40, 1e38, infinite, -infinite, none, 2.5, -0.5];
const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));

/** What JavaScript says, as float32. */
function expectSame(actual: tf.Tensor, expected: readonly number[]): void {
  expect([...actual.dataSync()]).toEqual(expected.map(Math.fround));
  actual.dispose();
}

describe.each(levels)('values that are no numbers, and the ends of those that are, by the %s binary', (level) => {
  beforeEach(async () => void (await installKernels(binaryOf(level))));

  test('powers are those of JavaScript', () => {
    tf.tidy(() => {
      const [a, b] = [0, 1].map((i) => tf.tensor1d(pairs.map((pair) => pair[i] as number))) as [tf.Tensor, tf.Tensor];
      const floats = pairs.map(([x, y]) => Math.fround(x) ** Math.fround(y));
      expectSame(tf.pow(a, b), floats);
    });
  });

  test('nothing but "not equal" is true of what is no number', () => {
    const questions = {
      equal: [tf.equal, (a: number, b: number) => a === b],
      notEqual: [tf.notEqual, (a: number, b: number) => a !== b],
      greater: [tf.greater, (a: number, b: number) => a > b],
      greaterEqual: [tf.greaterEqual, (a: number, b: number) => a >= b],
      less: [tf.less, (a: number, b: number) => a < b],
      lessEqual: [tf.lessEqual, (a: number, b: number) => a <= b],
    } as const;
    tf.tidy(() => {
      const [a, b] = [0, 1].map((i) => tf.tensor1d(pairs.map((pair) => pair[i] as number))) as [tf.Tensor, tf.Tensor];
      for (const [name, [compare, ask]] of Object.entries(questions)) {
        const answer = compare(a, b);
        expect([answer.dtype, ...answer.dataSync()], name).toEqual([
          'bool',
          ...pairs.map(([x, y]) => (ask(x, y) ? 1 : 0)),
        ]);
      }
    });
  });

  test('whole numbers that no float holds are compared as they are', () => {
    tf.tidy(() => {
      const [a, b] = [tf.tensor1d([16777216, -1, 5], 'int32'), tf.tensor1d([16777217, 1, 5], 'int32')];
      expect([...tf.equal(a, b).dataSync()]).toEqual([0, 0, 1]);
      expect([...tf.less(a, b).dataSync()]).toEqual([1, 1, 0]);
      expect([...tf.greaterEqual(a, b).dataSync()]).toEqual([0, 0, 1]);
    });
  });

  test('logarithms and softplus reach from the smallest to the largest', () => {
    tf.tidy(() => {
      const x = [
        0,
        1,
        infinite,
        none,
        -1,
        -infinite,
        1e-45,
        1e-40,
        1.1754944e-38,
        3e38,
        0.99999994,
        1.0000001,
        0.7,
        1.5,
      ];
      const logs = [...tf.log(tf.tensor1d(x)).dataSync()];
      x.forEach((value, i) => {
        const expected = Math.log(Math.fround(value));
        const units = Math.abs((logs[i] as number) - expected) / (2 ** -23 * Math.abs(expected) || 2 ** -149);
        if (Number.isFinite(expected)) expect(units, `ln ${value}`).toBeLessThanOrEqual(2);
        else expect(logs[i], `ln ${value}`).toBe(expected);
      });
      const s = [-infinite, -104, -50, -1, 0, 1, 50, 1e38, infinite, none];
      const soft = [...tf.softplus(tf.tensor1d(s)).dataSync()];
      s.forEach((value, i) => {
        const expected = value > 40 ? value : Math.log1p(Math.exp(value));
        if (!Number.isFinite(expected)) expect(soft[i], `softplus ${value}`).toBe(expected);
        else expect(Math.abs((soft[i] as number) - expected)).toBeLessThanOrEqual(2 ** -22 * expected + 2 ** -149);
      });
      expectSame(
        tf.neg(tf.tensor1d(values)),
        values.map((value) => -value),
      );
      expectSame(tf.floor(tf.tensor1d(values)), values.map(Math.floor));
    });
  });

  test('a maximum of what is no number is none; a place is that of the first largest number', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([1, none, 3, 3, -1, 2, 2, -infinite, none], [3, 3]);
      expect([...tf.max(x, 1).dataSync()]).toEqual([none, 3, none]);
      expect([...tf.min(x, 0).dataSync()]).toEqual([1, none, none]);
      expect([...tf.argMax(x, 1).dataSync()]).toEqual([2, 0, 0]);
      const { values: most, indices } = tf.topk(x, 3);
      expect([...most.dataSync()]).toEqual([3, 1, none, 3, 2, -1, 2, -infinite, none]);
      expect([...indices.dataSync()]).toEqual([2, 0, 0, 0, 2, 1, 0, 1, 0]);
    });
  });

  test('ones are written as floats, and only at places there are', () => {
    tf.tidy(() => {
      const ones = tf.oneHot(tf.tensor1d([1, -1, 3, 0], 'int32'), 3, 1, 0, 'float32');
      expect([ones.dtype, ...ones.dataSync()]).toEqual(['float32', 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
      expect([...tf.range(5, 2).dataSync()]).toEqual([5, 4, 3]);
      expect([...tf.range(0, 1, 0.25).dataSync()]).toEqual([0, 0.25, 0.5, 0.75]);
      expect([...tf.fill([3], 1e10, 'int32').dataSync()]).toEqual([...Int32Array.from([1e10, 1e10, 1e10])]);
      expect([...tf.fill([2], none).dataSync()]).toEqual([none, none]);
    });
  });
});
