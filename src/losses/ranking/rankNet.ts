import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { outputPair, SCORE_PAIR, type ScorePairOptions } from '../outputPair.ts';
import { logAddExp, meanOfExamples } from '../rows.ts';
import { checkCandidates } from '../sameClasses.ts';

const OPTIONS = schema('rankNet', {
  /** Steepness, in 1 / score; above 0. Default 1 (sentence-transformers). */
  sigma: positive(1),
  ...SCORE_PAIR.fields,
});

/** How steep it is, and where the scores are read. */
export interface RankNetOptions extends ScorePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Pairwise ranking (RankNet): of two candidates the student puts the same one first as the teacher. A student that knows
 * nothing has log 2.
 *
 * The mean of log(1 + exp(−σ · (s_i − s_j))) over the pairs of each list with t_i > t_j; 0 for a list without such a
 * pair. The loss is the mean over the lists.
 * Shapes    student [B, N], teacher [B, N], N ≥ 2 → [B]; takes B · N² numbers of memory
 * Units     scores in, nats out
 * Reduces   mean over lists and pairs, in nats
 * Weight    4, as it is a mean over pairs
 * Gradient  reaches the student only
 * Numerics  finite for |score| ≤ 1e4; goes to 0 as the student's margins grow
 * Throws    invalid-option · by `check` shape-mismatch, empty-list
 * Source    Burges et al. 2005, §3, Learning to Rank using Gradient Descent, ICML
 * Differs   public code sums over the pairs, in bits; the mean does not grow with N², and the other losses are in nats too.
 * @example
 * distill({ teacher, student, data, loss: rankNet({ output: 'scores' }) });
 */
export function rankNet(options: RankNetOptions = {}): Loss {
  const { sigma, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'rankNet',
    options: { sigma, ...names },
    reads,
    isStatic: true,
    compares: 'scores',
    check: (shapes) => checkCandidates(shapes, output, teacherOutput, 'rankNet'),
    ...meanOfExamples((tf, { student, teacher }) =>
      rankNetPerExample(tf, named(student, output), named(teacher, teacherOutput), sigma),
    ),
  };
}

export function rankNetPerExample(tf: Tf, student: Tensor, teacher: Tensor, sigma: number): Tensor1D {
  const aheadOf = (scores: Tensor) => tf.sub(tf.expandDims(scores, 2), tf.expandDims(scores, 1));
  const isAbove = tf.step(aheadOf(stopGradient(tf, teacher)));
  const behind = tf.mul(aheadOf(student), -sigma);
  const costs = tf.mul(logAddExp(tf, behind, tf.zerosLike(behind)), isAbove);
  return tf.div(tf.sum(costs, [1, 2]), tf.maximum(tf.sum(isAbove, [1, 2]), 1)) as Tensor1D;
}
