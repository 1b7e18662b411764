import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { artifactsFromFiles, toFiles } from '../files/files.ts';
import { artifactsOf } from '../layersModel.ts';
import { type MultiHeadAttentionConfig, multiHeadAttention } from './multiHeadAttention.ts';

/** Made with PyTorch by scripts/golden/multiHeadAttention.py: integers k stand for k / 16. */
interface Golden {
  readonly shape: readonly [number, number, number];
  readonly cases: readonly GoldenCase[];
}

interface GoldenCase {
  readonly heads: number;
  readonly sight: 'all' | 'past';
  readonly x: readonly number[];
  readonly dy: readonly number[];
  readonly weights: readonly (readonly number[])[];
  readonly out: readonly number[];
  readonly dx: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}

const file = new URL('golden/multiHeadAttention.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
const [BATCH, LENGTH, WIDTH] = golden.shape;

describe.each(['cpu', 'wasm'] as const)('multiHeadAttention on %s', (backendName) => {
  onBackend(backendName);

  test.each(golden.cases)('equals PyTorch’s with $heads heads that see $sight, in value and in slopes', (one) => {
    const { layer, x } = goldenLayer(one);
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    tf.tidy(() => {
      const dy = tensorOf(one.dy, golden.shape);
      const input = tf.variable(x);
      const { grads } = tf.variableGrads(() => {
        const out = layer.apply(input) as tf.Tensor;
        expectClose(out, one.out, 'out');
        return tf.sum(tf.mul(out, dy)) as tf.Scalar;
      }, [input, ...variables]);
      expectClose(grads[input.name], one.dx, 'dx');
      variables.forEach(({ name }, i) => {
        expectClose(grads[name], one.gradients[i] ?? [], `gradient ${i}`);
      });
      input.dispose();
    });
    layer.dispose();
    x.dispose();
  });

  test.each(['past', 'all'] as const)('sees %s: what a later position changes', (sight) => {
    const layer = multiHeadAttention(tf, { heads: 2, sight, seed: 3 });
    tf.tidy(() => {
      const before = tf.randomNormal([BATCH, LENGTH, WIDTH], 0, 1, 'float32', 4);
      for (let changed = 0; changed < LENGTH; changed++) {
        const isChanged = tf.reshape(tf.oneHot(tf.tensor1d([changed], 'int32'), LENGTH), [1, LENGTH, 1]);
        const outs = [before, tf.add(before, isChanged)].map((x) => layer.apply(x) as tf.Tensor);
        const [a, b] = outs.map((out) => tf.unstack(tf.transpose(out, [1, 0, 2])).map((step) => [...step.dataSync()]));
        a?.forEach((values, position) => {
          const isSeen = sight === 'all' || position >= changed;
          if (isSeen) expect(b?.[position]).not.toEqual(values);
          else expect(b?.[position]).toEqual(values);
        });
      }
    });
    layer.dispose();
  });

  test.each(['past', 'all'] as const)('is saved and loaded with its heads and what it sees: %s', async (sight) => {
    const input = tf.input({ shape: [LENGTH, WIDTH] });
    const layer = multiHeadAttention(tf, { heads: 3, sight, seed: 5 });
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    const artifacts = artifactsFromFiles(toFiles(await artifactsOf(model)));
    const again = await buildStudent({ kind: 'artifacts', artifacts }, 99);
    tf.tidy(() => {
      const x = tf.randomNormal([BATCH, LENGTH, WIDTH], 0, 1, 'float32', 6);
      const [a, b] = [model, again].map((one) => [...(one.apply(x) as tf.Tensor).dataSync()]);
      expect(a?.some((value) => value !== 0)).toBe(true);
      expect(b).toEqual(a);
    });
    model.dispose();
    again.dispose();
  });

  test.each<[string, Partial<Record<keyof MultiHeadAttentionConfig, unknown>>]>([
    ['no heads', {}],
    ['0 heads', { heads: 0 }],
    ['a negative number of heads', { heads: -2 }],
    ['half a head', { heads: 1.5 }],
    ['another sight', { heads: 2, sight: 'future' }],
  ])('refuses %s', (_, config) => {
    const make = () => multiHeadAttention(tf, config as unknown as MultiHeadAttentionConfig);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  test('refuses features that its heads do not divide, before a weight is made', () => {
    const input = tf.input({ shape: [LENGTH, WIDTH] });
    const apply = () => multiHeadAttention(tf, { heads: 4 }).apply(input);
    expect(apply).toThrow(expect.objectContaining({ code: 'invalid-option', details: { heads: 4, width: WIDTH } }));
  });
});

function goldenLayer({ heads, sight, x: integers, weights }: GoldenCase) {
  const layer = multiHeadAttention(tf, { heads, sight });
  const x = tensorOf(integers, golden.shape);
  tf.tidy(() => {
    layer.apply(x);
    layer.setWeights(weights.map((values, i) => tensorOf(values, i % 2 === 0 ? [WIDTH, WIDTH] : [WIDTH])));
  });
  return { layer, x };
}

function tensorOf(integers: readonly number[], shape: readonly number[]): tf.Tensor {
  return tf.tensor(
    integers.map((k) => k / 16),
    [...shape],
  );
}

/** Four products follow each other, each rounding its sums of at most 8: 8 · 2⁻²² of the largest value. A tenth is seen. */
function expectClose(actual: tf.Tensor | undefined, expected: readonly number[], what: string): void {
  const values = [...(actual?.dataSync() ?? [])];
  expect(values.length, what).toBe(expected.length);
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  const worst = Math.max(...values.map((value, i) => Math.abs(value - (expected[i] as number))));
  // Written so that a NaN fails.
  if (worst <= 2 ** -19 * most) return;
  throw new Error(`${what}: ${worst} away, the largest value is ${most}`);
}
