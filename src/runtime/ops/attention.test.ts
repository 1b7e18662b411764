import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { beginOnWasm, levels, readBinaries } from '../kernels/cases/binaryCases.ts';
import { finiteDifferences } from '../kernels/cases/finiteDifferenceCases.ts';
import { installKernels } from '../kernels/install.ts';
import * as tf from '../tf.ts';
import { attention } from './attention.ts';

interface Values {
  readonly shape: number[];
  readonly k: number[];
}

interface GoldenCase {
  readonly heads: number;
  readonly isCausal: boolean;
  readonly inputs: Record<'query' | 'key' | 'value' | 'dy', Values>;
  readonly mask: Values | null;
  readonly out: number[];
  readonly gradients: Record<'query' | 'key' | 'value', number[]>;
}

const golden = JSON.parse(readFileSync(new URL('golden/attention.json', import.meta.url), 'utf8')) as GoldenCase[];
const binaryOf = readBinaries();
beginOnWasm();

const toTensor = ({ shape, k }: Values) =>
  tf.tensor(
    Float32Array.from(k, (value) => value / 16),
    shape,
  );

/** Scores here reach 10, and a probability's error is that many roundings; the sums are short. */
const ROUNDING = 2 ** -18;

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual(ROUNDING * most);
  });
}

describe.each(['cpu', ...levels])('attention on %s', (level) => {
  beforeEach(async () => {
    if (level === 'cpu') await tf.setBackend('cpu');
    else await installKernels(binaryOf(level as (typeof levels)[number]));
  });

  test.each(golden)('gives PyTorch’s values and gradients with $heads heads', (known) => {
    const { query, key, value, dy } = known.inputs;
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const mask = known.mask === null ? undefined : toTensor(known.mask);
      const compute = (...[q, k, v]: tf.Tensor[]) =>
        attention(tf, q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, {
          heads: known.heads,
          isCausal: known.isCausal,
          mask,
        });
      const inputs = [query, key, value].map(toTensor);
      const { value: out, grads } = tf.valueAndGrads(compute as never)(inputs, toTensor(dy));
      expectClose(out.dataSync(), known.out);
      expectClose((grads[0] as tf.Tensor).dataSync(), known.gradients.query);
      expectClose((grads[1] as tf.Tensor).dataSync(), known.gradients.key);
      expectClose((grads[2] as tf.Tensor).dataSync(), known.gradients.value);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('sends nothing to its mask', () => {
    tf.tidy(() => {
      const x = tf.ones([1, 2, 4]);
      // A path of its own, because without any tfjs refuses to make a gradient.
      const beside = (mask: tf.Tensor) => tf.mul(tf.sum(mask), 3);
      const slopes = tf.grad((mask) =>
        tf.add(attention(tf, x, x, x, { heads: 2, mask: tf.mul(mask, 2) }), beside(mask)),
      );
      expect([...slopes(tf.zeros([2, 2])).dataSync()]).toEqual([24, 24, 24, 24]);
    });
  });

  test('names shapes that do not agree', () => {
    const [x, y] = [tf.ones([1, 2, 4]), tf.ones([1, 2, 6])];
    expect(() => attention(tf, x, y, y, { heads: 2 })).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
    expect(() => attention(tf, x, x, x, { heads: 3 })).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
    tf.dispose([x, y]);
  });
});

/** One head over three positions of two values, in float64. */
function plainAttention([q, k, v]: readonly (readonly number[])[]): number[] {
  const at = (x: readonly number[] | undefined, row: number, column: number) => x?.[row * 2 + column] as number;
  return [0, 1, 2].flatMap((i) => {
    const scores = [0, 1, 2].map((j) => Math.exp((at(q, i, 0) * at(k, j, 0) + at(q, i, 1) * at(k, j, 1)) / Math.SQRT2));
    const total = scores.reduce((sum, score) => sum + score, 0);
    return [0, 1].map((d) => scores.reduce((sum, score, j) => sum + (score / total) * at(v, j, d), 0));
  });
}

test('has the slopes of a plain formula', async () => {
  await installKernels(binaryOf('simd'));
  const known = golden[0] as GoldenCase;
  const inputs = (['query', 'key', 'value'] as const).map((name) => known.inputs[name].k.map((k) => k / 16));
  const weights = known.inputs.dy.k.map((k) => k / 16);
  expectClose(known.out, plainAttention(inputs));
  (['query', 'key', 'value'] as const).forEach((name, i) => {
    expectClose(known.gradients[name], finiteDifferences(plainAttention, inputs, i, weights, 1e-4));
  });
});
