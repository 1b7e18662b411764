// Random cases of attention and of its gradients.
import fc from 'fast-check';
import { attention } from '../../ops/attention.ts';
import * as tf from '../../tf.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

interface AttentionAttrs {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  /** Lengths of the mask's axes before the keys: 0 for none, 1 to broadcast, 2 for as many as the scores have. */
  readonly mask: readonly (0 | 1 | 2)[];
  readonly isCausal: boolean;
}

/** Lengths around the tile (6 × 8), around a block of rows (64), and one that makes blocks smaller (over 512). */
const length = fc.constantFrom(1, 2, 3, 5, 6, 7, 8, 9, 13, 17, 63, 64, 65, 130);

const attrs: fc.Arbitrary<AttentionAttrs> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    heads: fc.integer({ min: 1, max: 3 }),
    queries: length,
    keys: fc.oneof({ weight: 9, arbitrary: length }, fc.constant(600)),
    width: fc.constantFrom(1, 2, 3, 4, 7, 8, 9, 16, 20),
    mask: fc.oneof(
      fc.constant<(0 | 1 | 2)[]>([]),
      fc.tuple(fc.constantFrom<1 | 2>(1, 2), fc.constantFrom<1 | 2>(1, 2), fc.constantFrom<1 | 2>(1, 2)),
      fc.tuple(fc.constantFrom<1 | 2>(1, 2)),
    ),
    isCausal: fc.boolean(),
  })
  .filter(({ batch, heads, queries, keys, width }) => batch * heads * queries * keys * width <= 200_000);

function inputShapes({ batch, heads, queries, keys, width, mask }: AttentionAttrs): number[][] {
  const whole = [batch, heads, queries].slice(3 - mask.length);
  const ofMask = [...mask.map((kind, i) => (kind === 2 ? (whole[i] as number) : 1)), keys];
  const ofQuery = [batch, queries, heads * width];
  const ofKey = [batch, keys, heads * width];
  return [ofQuery, ofKey, ofKey, ofMask, ofQuery];
}

function compute({ heads, mask, isCausal }: AttentionAttrs, [query, key, value, ofMask]: readonly tf.Tensor[]) {
  const options = { heads, isCausal, mask: mask.length === 0 ? undefined : ofMask };
  return attention(tf, query as tf.Tensor, key as tf.Tensor, value as tf.Tensor, options);
}

/** Scores reach 16 · √width, and gradients sum products of up to 64 over queries or keys. */
const shared = {
  attrs,
  inputShapes,
  depth: ({ width, keys, queries }: AttentionAttrs) => 128 * Math.sqrt(width) + 8 * (keys + queries),
  isFallback: () => true,
};

const forward = casesOf<AttentionAttrs>({
  ...shared,
  kernelName: 'Attention',
  run: (value, inputs) => compute(value, inputs),
});

const backward = casesOf<AttentionAttrs>({
  ...shared,
  kernelName: 'AttentionGrad',
  run(value, [query, key, values, mask, dy]) {
    const gradients = tf.grads((q, k, v) => compute(value, [q, k, v, mask]))([query, key, values], dy);
    return tf.concat(gradients.map((gradient) => tf.reshape(gradient, [-1])));
  },
});

export const attentionCases: readonly KernelCases[] = [forward, backward];
