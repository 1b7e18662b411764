import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { notNegative, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { withoutGradient } from '../pairs.ts';
import { divergence, labelMask, meanOfExamples, softLogProbs, withoutMasked } from '../rows.ts';
import { checkOneRow, checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('decoupledTargets', {
  /** Weight of the target half: how sure the teacher is of the label. 0 or more. Default 1 (mdistiller). */
  alpha: notNegative(1),
  /** Weight of the other half: how the rest is spread over the wrong classes. 0 or more. Default 8 (mdistiller). */
  beta: notNegative(8),
  /** Softens both distributions; above 0. Default 4 (mdistiller). */
  temperature: positive(4),
  ...OUTPUT_PAIR.fields,
});

/** How much the two halves of the teacher's answer count, and where they are read. */
export interface DecoupledTargetsOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Decoupled targets (DKD): how sure the teacher is of the label, and how it spreads the rest over the other classes,
 * with a weight each. Plain soft targets weight the second by the probability that the teacher leaves to it, which is
 * almost nothing where the teacher is sure. Let the loss's weight grow from 0 over the first tenth of the run, as
 * mdistiller does. For an example without a label (`UNLABELLED`, −1) the target is the teacher's class.
 *
 * T² · (α · KL(b_teacher ‖ b_student) + β · KL(r_teacher ‖ r_student)) of each example, where b = [p_target, 1 − p_target]
 * and r is the softmax over the other classes only; the target is the label, or the teacher's class where there is none.
 * The loss is their mean.
 * Shapes    studentLogits [B, C], teacherLogits [B, C], mask [B, C] with 1 at the target → [B]
 * Units     logits in, nats out
 * Reduces   mean over batch; ×T²; KL(teacher‖student) of target and of non-target; teacher class where no label
 * Weight    1 (mdistiller), which makes its gradient about six times crossEntropy's; 0.15 makes them equal
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4; one class gives 0
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing
 * Source    Zhao, Cui, Song, Qiu, Liang 2022, eq. 7, arXiv:2203.08679; megvii-research/mdistiller distillers/DKD.py
 * Differs   mdistiller takes the logarithm of a rounded probability, −∞ for a student that is certain, and hides the
 *           label behind −1000; this stays in logarithms and hides it behind −1e9. Elsewhere both give the same value.
 *           The warm-up over 20 epochs is left to a scheduled weight. Both know labelled examples only.
 * @example
 * weighted([{ loss: decoupledTargets({ beta: 8 }), weight: 1 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function decoupledTargets(options: DecoupledTargetsOptions = {}): Loss {
  const { alpha, beta, temperature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'decoupledTargets',
    options: { alpha, beta, temperature, ...names },
    reads: { ...reads, labels: true },
    isStatic: true,
    allowsUnlabelled: true,
    check(shapes) {
      checkOneRow(shapes, output, 'decoupledTargets');
      checkSameClasses(shapes, output, teacherOutput, 'decoupledTargets');
    },
    ...meanOfExamples((tf, { student, teacher, labels }) => {
      const logits = named(student, output);
      const given = named(teacher, teacherOutput);
      const mask = targetMask(tf, labelMask(tf, labels, logits, 'decoupledTargets'), given);
      return decoupledTargetsPerExample(tf, logits, given, mask, { alpha, beta, temperature });
    }),
  };
}

export function decoupledTargetsPerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  mask: Tensor,
  { alpha, beta, temperature }: { readonly alpha: number; readonly beta: number; readonly temperature: number },
): Tensor1D {
  const ofTeacher = halves(tf, stopGradient(tf, teacherLogits), mask, temperature);
  const ofStudent = halves(tf, studentLogits, mask, temperature);
  const target = tf.add(
    tf.mul(tf.exp(ofTeacher.target), tf.sub(ofTeacher.target, ofStudent.target)),
    tf.mul(tf.exp(ofTeacher.rest), tf.sub(ofTeacher.rest, ofStudent.rest)),
  );
  const others = divergence(tf, ofTeacher.others, ofStudent.others);
  const squared = temperature * temperature;
  return tf.add(tf.mul(target, alpha * squared), tf.mul(others, beta * squared)) as Tensor1D;
}

/** 1 at the label; in a row without one, at the class that the teacher names, the first of several that are equal. */
function targetMask(tf: Tf, ofLabels: Tensor, teacherLogits: Tensor): Tensor {
  const ofTeacher = withoutGradient(tf, teacherLogits, (logits) =>
    labelMask(tf, tf.argMax(logits, -1) as Tensor1D, logits, 'decoupledTargets'),
  );
  const isMissing = tf.sub(1, tf.sum(ofLabels, -1, true));
  return tf.add(ofLabels, tf.mul(isMissing, ofTeacher));
}

/** log p of the target [B], log of all the rest [B], and log of each of the others given that it is one of them [B, C]. */
function halves(tf: Tf, logits: Tensor, mask: Tensor, temperature: number) {
  const logProbs = softLogProbs(tf, logits, temperature);
  const without = withoutMasked(tf, logProbs, mask);
  return {
    target: tf.sum(tf.mul(logProbs, mask), -1),
    rest: tf.logSumExp(without, -1),
    others: tf.logSoftmax(without),
  };
}
