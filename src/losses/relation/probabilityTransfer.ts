import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, toRows, withoutGradient } from '../pairs.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('probabilityTransfer', OUTPUT_PAIR.fields);

/**
 * Probabilistic knowledge transfer (PKT): an example is as probable a neighbor of another one, by the cosine of their
 * features, as it is for the teacher. Features may have any sizes. The authors derive it from the (quadratic) mutual
 * information between features and classes.
 *
 * Σ_j P_teacher(j|i) · log((P_teacher(j|i) + ε) / (P_student(j|i) + ε)), mean over the examples i, that is
 * KL(teacher ‖ student); P(j|i) is (cos + 1) / 2 of their features, each row divided by its sum, ε = 1e-7.
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; nats out
 * Reduces   mean over rows (not B²); KL(teacher‖student), ε=1e-7
 * Weight    500 for a layer of 128 features, 20 for ten logits. RepDistiller's 30,000 for a mean over all B² is 470 at B
 *           = 64
 * Gradient  reaches the student only
 * Numerics  finite for |value| ≤ 1e4; an example without features (all zero) is equally near to all others
 * Throws    invalid-option: batches of one; in a last batch of one the loss is 0
 * Source    Passalis, Tefas 2018, §3, arXiv:1803.10837; ε: passalis/probabilistic_kt
 * Differs   the paper sums over i ≠ j; its code takes the mean over all B² pairs, j = i included. We keep j = i, and take
 *           the mean of the rows' divergences, which does not shrink as the batch grows
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: probabilityTransfer({ output: 'features' }), weight: 500 }]);
 */
export function probabilityTransfer(options: OutputPairOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'probabilityTransfer',
    options: names,
    reads,
    isStatic: true,
    check: ({ batchSize }) => checkPairs('probabilityTransfer', batchSize),
    compute: (tf, { student, teacher }) =>
      probabilityTransferLoss(tf, named(student, output), named(teacher, teacherOutput)),
  };
}

/** Keeps logarithms finite; as in the authors' code. */
const EPSILON = 1e-7;

export function probabilityTransferLoss(tf: Tf, student: Tensor, teacher: Tensor): Scalar {
  return tf.tidy(() => {
    const byTeacher = withoutGradient(tf, teacher, (of) => neighborProbs(tf, of));
    const surplus = tf.sub(
      withoutGradient(tf, byTeacher, (of) => tf.log(tf.add(of, EPSILON))),
      tf.log(tf.add(neighborProbs(tf, student), EPSILON)),
    );
    return tf.mean(tf.sum(tf.mul(byTeacher, surplus), 1)) as Scalar;
  });
}

function neighborProbs(tf: Tf, features: Tensor): Tensor {
  const rows = toUnitLength(tf, toRows(tf, features));
  const cosines = tf.matMul(rows, rows, false, true);
  // Rounding may make a cosine slightly less than −1.
  const affinities = tf.relu(tf.mul(tf.add(cosines, 1), 0.5));
  return tf.div(affinities, tf.sum(affinities, 1, true));
}
