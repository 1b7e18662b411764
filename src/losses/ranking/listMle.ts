import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { chosenLogProbs, orderOf } from '../candidateOrder.ts';
import { type Loss, named } from '../loss.ts';
import { outputPair, SCORE_PAIR, type ScorePairOptions } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { checkCandidates } from '../sameClasses.ts';

const OPTIONS = schema('listMle', SCORE_PAIR.fields);

/** Where the scores are read. */
export interface ListMleOptions extends ScorePairOptions {}

/**
 * Likelihood of the teacher's order (ListMLE): how likely the student would draw the candidates of a list in the order in
 * which the teacher puts them, one after the other by the softmax of those that are left. Only the order of the teacher's
 * scores counts. Of equal ones the first candidate counts as better.
 *
 * The mean of −log softmax(s_i among the candidates from i on) over the places of each list. The loss is the mean over the
 * lists.
 * Shapes    student [B, N], teacher [B, N], N ≥ 2 → [B]; takes B · N² numbers of memory
 * Units     scores in, nats out
 * Reduces   mean over lists and places, in nats
 * Weight    1.5, as the last places add little
 * Gradient  reaches the student only
 * Numerics  finite for |score| ≤ 1e4; goes to 0 as the student's margins grow
 * Throws    invalid-option · by `check` shape-mismatch, empty-list
 * Source    Xia, Liu, Wang, Zhang, Li 2008, §4.2, Listwise Approach to Learning to Rank: Theory and Algorithm, ICML
 * Differs   the paper adds up the places; the mean does not grow with N.
 * @example
 * distill({ teacher, student, data, loss: listMle({ output: 'scores' }) });
 */
export function listMle(options: ListMleOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'listMle',
    options: names,
    reads,
    isStatic: true,
    compares: 'scores',
    check: (shapes) => checkCandidates(shapes, output, teacherOutput, 'listMle'),
    ...meanOfExamples((tf, { student, teacher }) =>
      listMlePerExample(tf, named(student, output), named(teacher, teacherOutput)),
    ),
  };
}

export function listMlePerExample(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.neg(tf.mean(chosenLogProbs(tf, student, orderOf(tf, teacher)), 1)) as Tensor1D;
}
