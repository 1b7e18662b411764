import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, nearest, nothingFrom, pairsOf, toRows, withoutGradient } from '../pairs.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('hardDarkRank', {
  ...OUTPUT_PAIR.fields,
  /** How many of the nearest examples are ranked, 2 or more. Default 4 (lenscloth/RKD). */
  neighbors: count(2)(4),
  /** α of the score −α‖a − b‖^β, above 0. Default 3 (DarkRank). */
  alpha: positive(3),
  /** β of the score, above 0. Default 3 (DarkRank). */
  beta: positive(3),
});

/** How many neighbors are ranked, and how sharply. */
export interface HardDarkRankOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Ranking of neighbors (hard DarkRank): the student orders the examples that are nearest to one for the teacher in the
 * same way. Features may have any sizes; it is meant for embeddings for retrieval.
 *
 * −log of the probability of the teacher's order by the student's scores S(i, j) = −α‖e_i − e_j‖^β of features of length 1,
 * mean over the examples i: Σ_{n < N} (log Σ_{m ≥ n} e^S(i, π_m) − S(i, π_n)), where π are the N examples that are nearest
 * to i for the teacher, nearest first (Plackett and Luce).
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; nats out, log(N!) where the student tells none apart
 * Reduces   mean over examples; −log likelihood of the teacher order (Plackett–Luce)
 * Weight    0.5 for a layer of 128 features, 0.07 for ten logits
 * Gradient  reaches the student only, through its distances; the order is the teacher's. Not 0 where student and teacher
 *           are equal: distances that separate the ranks further make the order likelier still
 * Numerics  finite for |value| ≤ 1e4: a distance is 2 at most, a score α · 2^β. Memory: N · B² numbers
 * Throws    invalid-option: fewer than 2 neighbors, alpha or beta not above 0, fewer than 3 examples in a batch. With
 *           fewer than N others all of them are ranked; in a last batch of one or two the loss is 0
 * Source    Chen, Wang, Zhang 2018, §3.3, arXiv:1707.01220; order of the nearest N: lenscloth/RKD metric/loss.py
 * Differs   the paper ranks a whole list and weights its hard and soft losses; its soft loss goes through all orders, which
 *           its authors find no better. We follow RKD's code and rank the nearest four, whose order is certain. The scripts
 *           of both normalize features outside the loss; here it is part of the loss
 * @example
 * weighted([{ loss: relationDistance({ output: 'features' }), weight: 300 }, { loss: hardDarkRank({ output: 'features' }), weight: 0.5 }]);
 */
export function hardDarkRank(options: HardDarkRankOptions = {}): Loss {
  const { output, teacherOutput, neighbors, alpha, beta, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'hardDarkRank',
    options: { ...names, neighbors, alpha, beta },
    reads,
    isStatic: true,
    check: ({ batchSize }) => checkPairs('hardDarkRank', batchSize, 3),
    compute: (tf, { student, teacher }) =>
      hardDarkRankLoss(tf, named(student, output), named(teacher, teacherOutput), { neighbors, alpha, beta }),
  };
}

export function hardDarkRankLoss(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  { neighbors, alpha, beta }: { readonly neighbors: number; readonly alpha: number; readonly beta: number },
): Scalar {
  return tf.tidy(() => {
    const batch = student.shape[0] as number;
    if (batch < 3) return nothingFrom(tf, student);
    const order = withoutGradient(tf, teacher, (of) => nearest(tf, unitPairs(tf, of), neighbors));
    const { squares, isApart } = unitPairs(tf, student);
    const scores = tf.mul(tf.mul(tf.pow(squares, beta / 2), isApart), -alpha);
    const ranked = tf.sum(tf.mul(order, tf.reshape(scores, [batch, 1, batch])), 2) as Tensor2D;
    const ranks = ranked.shape[1];
    // Among those left at each rank, the first is the teacher's choice; at the last rank there is no choice.
    const choices = Array.from({ length: ranks - 1 }, (_, rank) => {
      const left = tf.slice(ranked, [0, rank], [batch, ranks - rank]);
      return tf.slice(tf.logSoftmax(left), [0, 0], [batch, 1]);
    });
    return tf.neg(tf.mean(tf.addN(choices))) as Scalar;
  });
}

function unitPairs(tf: Tf, features: Tensor) {
  return pairsOf(tf, toUnitLength(tf, toRows(tf, features)));
}
