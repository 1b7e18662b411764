import type { Scalar } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { type Loss, parameter } from '../loss.ts';
import { joinTerms } from '../terms.ts';

/**
 * Losses whose weights are learned (uncertainty weighting): Σ ½ e^(−s) · loss + ½ s, where each loss has its own
 * s = log σ², the logarithm of its noise. A loss that stays large gets a small weight: at the optimum e^s equals the loss.
 * Shapes    those of its terms → scalar; learns `logVariances` [K], which start at 0, so that every weight starts at ½
 * Units     those of its terms; it can be negative, and its value says nothing about quality
 * Reduces   Σ ½ e^(−s) L + ½ s
 * Gradient  ½ e^(−s) times the terms' own; that of s is ½ − ½ e^(−s) · loss
 * Numerics  finite for |s| ≤ 80. A loss that reaches 0 drives its s down without bound: use it for losses that do
 *           not, such as those with labels or of features
 * Throws    invalid-option: no loss
 * Source    Kendall, Gal, Cipolla 2018, §3, arXiv:1705.07115
 * Differs   the paper has e^(−s) without the ½ for cross-entropy, from an approximation; here all losses are
 *           treated alike, as in most code, which only moves the best s by log 2
 * @example
 * uncertaintyWeighted([softTargets(), crossEntropy()]);
 */
export function uncertaintyWeighted(losses: readonly Loss[]): Loss {
  if (!Array.isArray(losses) || losses.length === 0 || losses.some((loss) => typeof loss?.compute !== 'function')) {
    throw new LimbeckError('invalid-option', 'uncertaintyWeighted needs an array of one loss or more.');
  }
  const { needs, tensorsOf } = joinTerms(losses, {
    parameters: { logVariances: { shape: [losses.length], initial: 0 } },
  });
  return {
    name: 'uncertaintyWeighted',
    options: {},
    terms: losses,
    ...needs,
    compute: (tf, tensors) =>
      tf.tidy(() => {
        const s = parameter(tensors, 'logVariances');
        const values = tf.stack(losses.map((loss, k) => loss.compute(tf, tensorsOf(tf, tensors, k))));
        const weights = tf.exp(tf.neg(s));
        return tf.mul(tf.sum(tf.add(tf.mul(weights, values), s)), 0.5) as Scalar;
      }),
  };
}
