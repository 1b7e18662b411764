import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { count, notNegative, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { orderOf, positionWeights, weightedCost } from '../candidateOrder.ts';
import { type Loss, named } from '../loss.ts';
import { outputPair, SCORE_PAIR, type ScorePairOptions } from '../outputPair.ts';
import { logAddExp, meanOfExamples } from '../rows.ts';
import { checkCandidates } from '../sameClasses.ts';

const OPTIONS = schema('rankDistil', {
  /** How many of the teacher's first candidates count as relevant; all of them if a list has fewer. Default 10. */
  top: count()(10),
  /** How fast the weight of a position falls: as e^(−position / decay), the paper's λ; above 0. Default 10. */
  decay: positive(10),
  /** Weight of the candidates beyond the top, which count as irrelevant; 0 or more. Default 1; the first paper has 0. */
  others: notNegative(1),
  ...SCORE_PAIR.fields,
});

/** How many candidates are relevant, how the positions are weighted, and where the scores are read. */
export interface RankDistilOptions extends ScorePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Ranking distillation (RD, RankDistil): the teacher's first candidates are examples of what is relevant, the earlier the
 * more, and the others of what is not. Each candidate is judged by itself, so the student's scores become logits of
 * relevance; they need no list when it answers.
 *
 * Σ w_k · −log σ(s_k) over the first `top` of each list by the teacher, with w_k ∝ e^(−k / decay) that add up to 1, plus
 * `others` times the mean of −log(1 − σ(s_j)) over the candidates beyond. The loss is the mean over the lists.
 * Shapes    student [B, N], teacher [B, N], N ≥ 2 → [B]; takes B · N² numbers of memory
 * Units     scores in, nats out
 * Reduces   mean over lists; weighted mean over the top, and mean over the others
 * Weight    1.5 for ten candidates, five of them the top
 * Gradient  reaches the student only
 * Numerics  finite for |score| ≤ 1e4; goes to 0 as the top's scores grow and the others' fall
 * Throws    invalid-option · by `check` shape-mismatch, empty-list
 * Source    Tang, Wang 2018, eq. 7 and 8 (the weights w^a), arXiv:1809.07428; the term of the others: Reddi et al. 2021,
 *           RankDistil: Knowledge Distillation for Ranking, AISTATS
 * Differs   Tang and Wang leave the others to a loss on labels: `others: 0`. Reddi et al. bound their scores by a margin.
 * @example
 * distill({ teacher, student, data, loss: rankDistil({ top: 5 }) });
 */
export function rankDistil(options: RankDistilOptions = {}): Loss {
  const { top, decay, others, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'rankDistil',
    options: { top, decay, others, ...names },
    reads,
    isStatic: true,
    compares: 'scores',
    check: (shapes) => checkCandidates(shapes, output, teacherOutput, 'rankDistil'),
    ...meanOfExamples((tf, { student, teacher }) =>
      rankDistilPerExample(tf, named(student, output), named(teacher, teacherOutput), { top, decay, others }),
    ),
  };
}

export function rankDistilPerExample(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  { top, decay, others }: { readonly top: number; readonly decay: number; readonly others: number },
): Tensor1D {
  const { positions } = orderOf(tf, teacher);
  const softplus = (scores: Tensor) => logAddExp(tf, scores, tf.zerosLike(scores));
  const ofTop = weightedCost(tf, softplus(tf.neg(student)), positionWeights(tf, positions, top, decay));
  const beyond = positions.shape[1] - top;
  if (others === 0 || beyond <= 0) return ofTop;
  const isBeyond = tf.step(tf.sub(positions, top - 1)) as Tensor2D;
  return tf.add(ofTop, weightedCost(tf, softplus(student), tf.mul(isBeyond, others / beyond))) as Tensor1D;
}
