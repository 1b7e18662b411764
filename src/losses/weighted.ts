import type { Scalar } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import { checkNotNegative } from '../core/options.ts';
import type { Loss } from './loss.ts';

/** A loss and its factor in the sum. */
export interface WeightedTerm {
  readonly loss: Loss;
  /** 0 or more; a term of weight 0 is not computed. */
  readonly weight: number;
}

/**
 * A weighted sum of losses, such as γ · crossEntropy + α · softTargets.
 * Shapes    those of its terms → scalar
 * Units     those of its terms; weights have none
 * Gradient  the weighted sum of the terms' gradients
 * Throws    invalid-option: no term with a weight above 0, or a negative weight
 * Source    Hinton, Vinyals, Dean 2015, §2, arXiv:1503.02531 (two weighted objectives)
 * @example
 * weighted([{ loss: softTargets(), weight: 0.9 }, { loss: crossEntropy(), weight: 0.1 }]);
 */
export function weighted(terms: readonly WeightedTerm[]): Loss {
  for (const { loss, weight } of terms) checkNotNegative(weight, `weight of ${loss.name}`);
  const active = terms.filter(({ weight }) => weight > 0);
  if (active.length === 0) {
    throw new LimbeckError('invalid-option', 'weighted needs at least one term with a weight above 0.');
  }
  const union = (side: 'student' | 'teacher') => [...new Set(active.flatMap(({ loss }) => loss.reads[side]))];
  return {
    name: 'weighted',
    options: { weights: terms.map(({ weight }) => weight) },
    terms: terms.map(({ loss }) => loss),
    reads: {
      student: union('student'),
      teacher: union('teacher'),
      labels: active.some(({ loss }) => loss.reads.labels),
    },
    isStatic: active.every(({ loss }) => loss.isStatic === true),
    compute: (tf, tensors) =>
      tf.tidy(() => {
        const values = active.map(({ loss, weight }) => tf.mul(loss.compute(tf, tensors), weight) as Scalar);
        return tf.addN(values) as Scalar;
      }),
  };
}
