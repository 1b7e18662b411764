import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  chosenLogProbs,
  orderOf,
  positionWeights,
  TOP_POSITIONS,
  type TopPositionsOptions,
  weightedCost,
} from '../candidateOrder.ts';
import { type Loss, named } from '../loss.ts';
import { outputPair, SCORE_PAIR, type ScorePairOptions } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { checkCandidates } from '../sameClasses.ts';

const OPTIONS = schema('relaxedRanking', { ...TOP_POSITIONS.fields, ...SCORE_PAIR.fields });

/** Which positions count, and where the scores are read. */
export interface RelaxedRankingOptions extends TopPositionsOptions, ScorePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Relaxed ranking (RRD, DE-RRD): the student puts the teacher's first candidates in the teacher's order and above all others,
 * whose order among themselves does not matter. It suits long lists, of which a user sees the beginning.
 *
 * Σ w_k · −log softmax(s_k among the candidates from k on) over the first `top` of each list by the teacher; the weights add
 * up to 1. The loss is the mean over the lists.
 * Shapes    student [B, N], teacher [B, N], N ≥ 2 → [B]; takes B · N² numbers of memory
 * Units     scores in, nats out
 * Reduces   mean over lists; weighted mean over the top positions, in nats
 * Weight    1.5 for ten candidates
 * Gradient  reaches the student only
 * Numerics  finite for |score| ≤ 1e4; goes to 0 as the student's margins grow
 * Throws    invalid-option · by `check` shape-mismatch, empty-list
 * Source    Kang, Hwang, Kweon, Yu 2020, eq. 7 and 8, DE-RRD: A Knowledge Distillation Framework for Recommender System,
 *           arXiv:2012.04357
 * Differs   the paper draws its candidates from a whole catalogue, the early ones more often, and adds up the positions; here
 *           they are those of the list, `decay` weighs the early ones more, and the weights add up to 1.
 * @example
 * distill({ teacher, student, data, loss: relaxedRanking({ top: 5, decay: 5 }) });
 */
export function relaxedRanking(options: RelaxedRankingOptions = {}): Loss {
  const { top, decay, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'relaxedRanking',
    options: { top, ...(decay !== undefined && { decay }), ...names },
    reads,
    isStatic: true,
    compares: 'scores',
    check: (shapes) => checkCandidates(shapes, output, teacherOutput, 'relaxedRanking'),
    ...meanOfExamples((tf, { student, teacher }) =>
      relaxedRankingPerExample(tf, named(student, output), named(teacher, teacherOutput), { top, decay }),
    ),
  };
}

export function relaxedRankingPerExample(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  { top, decay }: { readonly top: number; readonly decay: number | undefined },
): Tensor1D {
  const order = orderOf(tf, teacher);
  const costs = tf.neg(chosenLogProbs(tf, student, order));
  return weightedCost(tf, costs, positionWeights(tf, order.positions, top, decay));
}
