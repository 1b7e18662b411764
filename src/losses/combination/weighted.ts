import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import type { Loss, LossTensors, Progress } from '../loss.ts';
import { checkWeight, isMoving, peakOf, type Schedule, weightAt } from '../schedule.ts';
import { joinTerms } from '../terms.ts';

/** A loss and its factor in the sum. */
export interface WeightedTerm {
  readonly loss: Loss;
  /** 0 or more, or a schedule such as linear(1, 0); a term whose weight stays 0 is not computed. */
  readonly weight: number | Schedule;
}

/**
 * A weighted sum of losses: γ · crossEntropy + α · softTargets, for example. Weights may change during the run; steps are
 * replayed all the same. The row Weight of each loss gives the weight that makes its gradient about as long as that of
 * `crossEntropy` with 1. It holds for the reductions here; a paper's weights hold for the paper's.
 * Shapes    those of its terms → scalar
 * Units     those of its terms; weights have none
 * Reduces   Σ weight × term
 * Gradient  the weighted sum of the terms' gradients
 * Throws    invalid-option: no term with a weight above 0, a negative weight, or what is no schedule
 * Source    Hinton, Vinyals, Dean 2015, §2, arXiv:1503.02531 (two weighted objectives)
 * @example
 * weighted([{ loss: softTargets(), weight: 0.9 }, { loss: crossEntropy(), weight: 0.1 }]);
 */
export function weighted(terms: readonly WeightedTerm[]): Loss {
  return sumOf(terms);
}

/** With these scales, which a run measures, all terms have gradients of one length, times their weights. */
interface Scales {
  /** A factor for each term. */
  readonly values: number[];
  /** The only term to compute, without weight and scale, while it is measured. */
  alone?: number;
}

/**
 * The same loss, each weight times its scale. Scales may change between steps.
 * Throws    invalid-option: the loss is not a weighted one
 */
export function scaledBy(loss: Loss, scales: Scales): Loss {
  return sumOf(termsOf(loss), scales);
}

/** Throws    invalid-option: the loss is not a weighted one */
export function termsOf({ name, terms, options }: Loss): readonly WeightedTerm[] {
  const weights = options['weights'];
  if (name === 'weighted' && terms !== undefined && Array.isArray(weights)) {
    return terms.map((loss, i) => ({ loss, weight: weights[i] as number | Schedule }));
  }
  throw new LimbeckError(
    'invalid-option',
    `Only terms of a weighted loss can be balanced, and the loss is "${name}". Give weighted([{ loss, weight }, …]).`,
  );
}

function sumOf(terms: readonly WeightedTerm[], scales?: Scales): Loss {
  for (const { loss, weight } of terms) checkWeight(weight, `weight of ${loss?.name}`);
  const active = terms.flatMap((term, place) => (peakOf(term.weight) > 0 ? [{ ...term, place }] : []));
  if (active.length === 0) {
    throw new LimbeckError('invalid-option', 'weighted needs at least one term with a weight above 0.');
  }
  // Constant weights are part of the graph; the others arrive with each step, in this order.
  const moving = active.filter(({ weight }) => scales !== undefined || isMoving(weight));
  const { needs, tensorsOf } = joinTerms(
    terms.map(({ loss, weight }) => (peakOf(weight) > 0 ? loss : undefined)),
    {
      numbers: (progress: Progress) =>
        moving.map(({ weight, place }) => weightAt(weight, progress) * (scales?.values[place] ?? 1)),
    },
  );
  const weightOf = (tf: Tf, { numbers }: LossTensors, { weight, place }: (typeof active)[number]): number | Scalar => {
    const at = moving.findIndex((term) => term.place === place);
    if (at < 0) return weightAt(weight, { step: 0, steps: 1, epoch: 1, epochs: 1 });
    return tf.reshape(tf.slice(numbers as Tensor1D, [at], [1]), []) as Scalar;
  };
  const sum = <T extends Tensor>(tf: Tf, tensors: LossTensors, valueBy: (loss: Loss, own: LossTensors) => Tensor): T =>
    tf.tidy(() => {
      const alone = active.find(({ place }) => place === scales?.alone);
      if (alone !== undefined) return valueBy(alone.loss, tensorsOf(tf, tensors, alone.place)) as T;
      const values = active.map((term) =>
        tf.mul(valueBy(term.loss, tensorsOf(tf, tensors, term.place)), weightOf(tf, tensors, term)),
      );
      return tf.addN(values) as T;
    });
  return {
    name: 'weighted',
    options: { weights: terms.map(({ weight }) => weight) },
    terms: terms.map(({ loss }) => loss),
    ...needs,
    compute: (tf, tensors) => sum<Scalar>(tf, tensors, (loss, own) => loss.compute(tf, own)),
    ...(active.every(({ loss }) => loss.perExample !== undefined) && {
      perExample: (tf: Tf, tensors: LossTensors) =>
        sum<Tensor1D>(tf, tensors, (loss, own) => loss.perExample?.(tf, own) as Tensor1D),
    }),
  };
}
