import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { outputPair, SCORE_PAIR, type ScorePairOptions } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { checkCandidates } from '../sameClasses.ts';

const OPTIONS = schema('marginMse', SCORE_PAIR.fields);

/** Where the scores are read. */
export interface MarginMseOptions extends ScorePairOptions {}

/**
 * Squared error of margins (Margin-MSE): the first candidate, which is the relevant one, leads each other one by as much as
 * with the teacher; the scores themselves may differ. Scale the teacher's scores to a deviation of about 1.
 *
 * The mean of ((s₀ − s_j) − (t₀ − t_j))² over the candidates j > 0 of each list. The loss is the mean over the lists.
 * Shapes    student [B, N], teacher [B, N], N ≥ 2, the relevant candidate first → [B]
 * Units     scores in, their squares out
 * Reduces   mean over lists and margins
 * Weight    0.5 for ten scores of deviation 1
 * Gradient  reaches the student only
 * Numerics  finite for |score| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch, empty-list
 * Source    Hofstätter, Althammer, Schröder, Sertkan, Hanbury 2020, eq. 1, arXiv:2010.02666
 * @example
 * distill({ teacher, student, data, loss: marginMse({ output: 'scores' }) });
 */
export function marginMse(options: MarginMseOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'marginMse',
    options: names,
    reads,
    isStatic: true,
    compares: 'scores',
    check: (shapes) => checkCandidates(shapes, output, teacherOutput, 'marginMse'),
    ...meanOfExamples((tf, { student, teacher }) =>
      marginMsePerExample(tf, named(student, output), named(teacher, teacherOutput)),
    ),
  };
}

export function marginMsePerExample(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  const [lists, candidates] = student.shape as [number, number];
  // The same as (s₀ − t₀) − (s_j − t_j). For the first candidate it is 0.
  const difference = tf.sub(student, stopGradient(tf, teacher));
  const margins = tf.sub(tf.slice(difference, [0, 0], [lists, 1]), difference);
  return tf.div(tf.sum(tf.square(margins), 1), candidates - 1) as Tensor1D;
}
