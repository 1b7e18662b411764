// Shared by the losses over rankings that follow the teacher's whole order.
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { count, type OptionsOf, positive, schema } from '../core/schema.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { stopGradient } from './loss.ts';
import { logSoftmax, withoutMasked } from './rows.ts';

export const TOP_POSITIONS = schema('the top positions', {
  /** How many of the teacher's first candidates are put in order; all of them if a list has fewer. Default 10. */
  top: count()(10),
  /** How fast the weight of a position falls: as e^(−position / decay); above 0. Default: all positions weigh the same. */
  decay: positive(),
});

/** Which of the teacher's positions count, and how much. */
export interface TopPositionsOptions extends OptionsOf<typeof TOP_POSITIONS> {}

/** In which order scores put the candidates of each list; no gradient passes. Of equal ones the first stands ahead. */
export interface CandidateOrder {
  /** 1 where candidate j stands ahead of i, else 0: [B, i, j]. */
  readonly isAhead: Tensor3D;
  /** Counted from 0 [B, N]. */
  readonly positions: Tensor2D;
}

/**
 * The order of the candidates of each list, from all pairs: it needs no sorting, and B · N² numbers of memory.
 * Shapes    scores [B, N] → [B, N, N] and [B, N]
 * Units     scores in; 0 or 1, and whole numbers out
 * Throws    nothing
 * Source    the position of a candidate is how many stand ahead of it
 */
export function orderOf(tf: Tf, scores: Tensor): CandidateOrder {
  const given = stopGradient(tf, scores);
  const lead = tf.sub(tf.expandDims(given, 1), tf.expandDims(given, 2));
  const isAbove = tf.step(lead);
  const isEqual = tf.sub(1, tf.add(isAbove, tf.step(tf.neg(lead))));
  const places = tf.range(0, scores.shape.at(-1) as number);
  const isEarlier = tf.step(tf.sub(tf.expandDims(places, 1), tf.expandDims(places, 0)));
  const isAhead = tf.add(isAbove, tf.mul(isEqual, isEarlier)) as Tensor3D;
  return { isAhead, positions: tf.sum(isAhead, 2) as Tensor2D };
}

/**
 * For each candidate the log of the chance to be chosen among those that do not stand ahead of it (Plackett-Luce).
 * Shapes    student [B, N] → [B, N]
 * Units     scores in, nats out
 * Throws    nothing
 * Source    Plackett 1975, The Analysis of Permutations, Applied Statistics 24(2)
 */
export function chosenLogProbs(tf: Tf, student: Tensor, { isAhead }: CandidateOrder): Tensor2D {
  const [, candidates] = student.shape as [number, number];
  // A row for each candidate i: the scores of all that are left when i is chosen.
  const rows = withoutMasked(tf, tf.expandDims(student, 1), isAhead);
  return tf.sum(tf.mul(logSoftmax(tf, rows), tf.eye(candidates)), 2) as Tensor2D;
}

/** The weight of each candidate by its position, 0 beyond the top; those of a list add up to 1. [B, N] → [B, N] */
export function positionWeights(tf: Tf, positions: Tensor2D, top: number, decay: number | undefined): Tensor2D {
  const counted = Math.min(top, positions.shape[1]);
  const isTop = tf.step(tf.sub(counted, positions));
  if (decay === undefined) return tf.div(isTop, counted) as Tensor2D;
  let sum = 0;
  for (let position = 0; position < counted; position++) sum += Math.exp(-position / decay);
  return tf.div(tf.mul(isTop, tf.exp(tf.div(positions, -decay))), sum) as Tensor2D;
}

/** Σ weight · cost of each list: [B, N] → [B]. */
export function weightedCost(tf: Tf, costs: Tensor, weights: Tensor): Tensor1D {
  return tf.sum(tf.mul(costs, weights), 1) as Tensor1D;
}
