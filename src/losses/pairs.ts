// Shared by the losses that compare the examples of a batch with each other.
import type { Scalar, Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { formatShape, sizeOf } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';

/**
 * Refuses batches in which there is nothing to compare.
 * Throws    invalid-option: fewer examples in a batch than `least`
 */
export function checkPairs(loss: string, batchSize: number, least = 2): void {
  if (batchSize >= least) return;
  throw new LimbeckError(
    'invalid-option',
    `${loss} compares the examples of a batch with each other; the batches have ${batchSize}. ` +
      `Set batchSize to ${least} or more, such as 64.`,
    { details: { batchSize, least } },
  );
}

/** Embeddings that a bank may hold, as in MoCo's queue: 32 MiB at a length of 128. */
const MOST_KEPT = 65_536;

/** Throws    invalid-option: no whole number from 0 to 65,536 */
export function checkBank(bank: number): void {
  if (checkCount(bank, 'bank', 0) <= MOST_KEPT) return;
  throw new LimbeckError(
    'invalid-option',
    `"bank" was ${bank}; it must be ${MOST_KEPT} at most. More negatives than that gain little and fill the memory.`,
    { details: { bank, most: MOST_KEPT } },
  );
}

/** Puts embeddings into a bank: the newest come first, and the oldest fall off the end. */
export function remember(tf: Tf, bank: Variable, newest: Tensor): void {
  const length = bank.shape[0] as number;
  const held = tf.concat([newest, bank]);
  bank.assign(tf.slice(held, 0, length));
}

/**
 * How many features one example has.
 * Throws    shape-mismatch: a length is free
 */
export function flatLength(shapes: Readonly<Record<string, readonly (number | null)[]>>, output: string): number {
  const shape = shapes[output] ?? [];
  if (shape.every((length) => length !== null)) return sizeOf(shape as readonly number[]);
  throw new LimbeckError(
    'shape-mismatch',
    `The output "${output}" has the shape ${formatShape([null, ...shape])}; a trained projection of it needs all of its ` +
      'lengths but the batch. Read an output of a fixed size, such as one after a global pooling.',
    { details: { output, shape } },
  );
}

/** The features of each example in one row, [B, D]. */
export function toRows(tf: Tf, features: Tensor): Tensor2D {
  return tf.reshape(features, [features.shape[0] as number, -1]);
}

/** What `compute` makes of `tensor`, without a gradient and unrecorded: for operations that have none. */
export function withoutGradient(tf: Tf, tensor: Tensor, compute: (tensor: Tensor) => Tensor): Tensor {
  const { shape } = tensor;
  const blocked = tf.customGrad((x) => ({
    value: tf.tidy(() => compute(x as Tensor)),
    gradFunc: () => tf.zeros(shape),
  }));
  return blocked(tensor);
}

/** Squared distances below this share of their mean count as zero: in float32 they are mostly rounding errors. */
const NEAR = 1e-6;

/** The examples of a batch compared with each other. */
export interface Pairs {
  /** Inner products of the centered features [B, B], and of each with itself [B, 1]. */
  readonly products: Tensor2D;
  readonly lengths: Tensor2D;
  /** Squared distances [B, B]; 1 where two examples are the same, so that roots and logarithms are safe. */
  readonly squares: Tensor2D;
  /** 1 where two examples differ, else 0 [B, B]. */
  readonly isApart: Tensor2D;
}

/**
 * Computes them from rows by one product of matrices: B² + B·D numbers, where differences would take B²·D.
 * Shapes    rows [B, D] → [B, B] each, lengths [B, 1]
 * Units     any in; their squares out
 * Gradient  passes, but for pairs that count as the same
 * Numerics  finite for values up to 1e4; squared distances up to 1e-6 of their mean count as zero
 * Throws    nothing
 * Source    ‖a − b‖² = ‖a‖² + ‖b‖² − 2 a·b
 */
export function pairsOf(tf: Tf, rows: Tensor2D): Pairs {
  const centered = tf.sub(rows, tf.mean(rows, 0, true)) as Tensor2D;
  const products = tf.matMul(centered, centered, false, true) as Tensor2D;
  // The diagonal of the very same product: an example's distance to itself is then exactly 0.
  const lengths = tf.sum(tf.mul(products, tf.eye(rows.shape[0])), 1, true) as Tensor2D;
  const sums = tf.add(lengths, tf.transpose(lengths));
  const raw = tf.relu(tf.sub(sums, tf.mul(products, 2))) as Tensor2D;
  const isApart = withoutGradient(tf, raw, (of) => tf.cast(tf.greater(of, tf.mul(tf.mean(of), NEAR)), 'float32'));
  const squares = tf.add(tf.mul(raw, isApart), tf.sub(1, isApart)) as Tensor2D;
  return { products, lengths, squares, isApart } as Pairs;
}

/** 0, through which the gradient of `features` is 0 too: for batches in which there is nothing to compare. */
export function nothingFrom(tf: Tf, features: Tensor): Scalar {
  return tf.mul(tf.sum(features), 0);
}

/** The mean of `values` [B, B] over pairs that differ; 1 where there is no such pair. They are 0 for the other pairs. */
export function meanApart(tf: Tf, values: Tensor, isApart: Tensor): Scalar {
  const count = tf.sum(isApart);
  const none = tf.relu(tf.sub(1, count));
  return tf.div(tf.add(tf.sum(values), none), tf.add(count, none)) as Scalar;
}

/** Beyond every squared distance. */
const FARTHEST = 1e38;

/**
 * Which examples are nearest to each, nearest first, as ones in [B, K, B]; K is `most`, or all others if there are fewer.
 * Of two at the same distance, the first in the batch counts as nearer.
 */
export function nearest(tf: Tf, { squares, isApart }: Pairs, most: number): Tensor3D {
  const batch = squares.shape[0];
  const count = Math.min(most, batch - 1);
  if (count < 1) return tf.zeros([batch, 0, batch]);
  const itself = tf.mul(tf.eye(batch), FARTHEST);
  const { indices } = tf.topk(tf.neg(tf.add(tf.mul(squares, isApart), itself)), count);
  // As int32 first: tfjs's wasm backend writes the bits of a whole number where it is asked for float32.
  return tf.cast(tf.oneHot(indices as Tensor2D, batch), 'float32') as Tensor3D;
}

/**
 * Smooth L1 with β = 1, mean over all: half the square of a difference up to 1, the difference less ½ beyond. Its gradient,
 * the difference cut at ±1, is written out because tfjs's would pass over B³ numbers another ten times.
 */
export function meanSmoothL1(tf: Tf, a: Tensor, b: Tensor): Scalar {
  const mean = tf.customGrad((x, save) => {
    const difference = x as Tensor;
    const cut = tf.clipByValue(difference, -1, 1);
    (save as (tensors: Tensor[]) => void)([cut]);
    const value = tf.mean(tf.mul(cut, tf.sub(difference, tf.mul(cut, 0.5))));
    return { value, gradFunc: (dy: Tensor, [slope]: Tensor[]) => tf.mul(slope as Tensor, tf.div(dy, difference.size)) };
  });
  return mean(tf.sub(a, b)) as Scalar;
}
