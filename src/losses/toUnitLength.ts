import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../runtime/tfNamespace.ts';

/** What is shorter than 1e-12 counts as zero, as in PyTorch's F.normalize. */
const SHORTEST_SQUARED = 1e-24;

/**
 * Divides the vectors along an axis (default: the last) by their lengths ‖·‖₂. Zero stays zero, and passes the gradient on
 * as if it had been divided by 1. The gradient is written out: tfjs's own passes over the vectors twice as often.
 * Shapes    vectors [...] → [...]
 * Units     any in; none out
 * Gradient  passes; as if nothing were divided where a vector is zero
 * Numerics  finite for values up to 1e4; lengths up to 1e-12 count as zero
 * Throws    nothing
 * Source    PyTorch's normalize with p = 2
 */
export function toUnitLength<T extends Tensor>(tf: Tf, vectors: T, axis = -1): T {
  const divided = tf.customGrad((x, save) => {
    const values = x as Tensor;
    const squared = tf.sum(tf.mul(values, values), axis, true);
    const isLong = tf.step(tf.sub(squared, SHORTEST_SQUARED));
    const inverse = tf.rsqrt(tf.add(squared, tf.sub(1, isLong)));
    const directions = tf.mul(values, inverse);
    (save as (tensors: Tensor[]) => void)([directions, inverse, isLong]);
    return {
      value: directions,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [unit, scale, isCounted] = saved as [Tensor, Tensor, Tensor];
        const along = tf.mul(tf.sum(tf.mul(dy, unit), axis, true), isCounted);
        return tf.mul(tf.sub(dy, tf.mul(unit, along)), scale);
      },
    };
  });
  return divided(vectors) as T;
}
