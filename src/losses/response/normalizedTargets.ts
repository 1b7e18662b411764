import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { notNegative, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { labelMask, meanOfExamples, withoutMasked } from '../rows.ts';
import { checkOneRow, checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('normalizedTargets', {
  /** Weight of the other classes. 0 or more. Default 1.5 (the paper's code). */
  gamma: notNegative(1.5),
  /** Softens the distribution over the other classes; above 0. Default 1 (the paper, on ImageNet and CIFAR). */
  temperature: positive(1),
  ...OUTPUT_PAIR.fields,
});

/** How much the other classes count, how soft they are, and where they are read. */
export interface NormalizedTargetsOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Normalized targets (NKD): cross-entropy with the label, weighted by the teacher's probability of it, plus soft
 * cross-entropy over the other classes, normalized to sum 1 on both sides.
 *
 * −p_teacher[label] · log p_student[label] − γ · T² · Σ r_teacher · log r_student of each example, r the softmax at T
 * over the other classes only. The loss is their mean.
 * Shapes    studentLogits [B, C], teacherLogits [B, C], mask [B, C] with 1 at the label → [B]
 * Units     logits in, nats out
 * Reduces   mean over batch; ×T² on non-targets; soft cross-entropy, target weighted by the teacher
 * Weight    1 (the paper)
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4; the smallest value is above 0; one class gives 0
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing
 * Source    Yang, Zeng, Li, Zhang, Yuan, Li 2023, eq. 6, arXiv:2303.13005
 * Differs   the authors' code (yzd-v/cls_KD nkd.py) writes 1 into a mask of ones, so that its "other" classes are all
 *           classes and the label is among them; this follows the paper.
 * @example
 * weighted([{ loss: normalizedTargets(), weight: 1 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function normalizedTargets(options: NormalizedTargetsOptions = {}): Loss {
  const { gamma, temperature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'normalizedTargets',
    options: { gamma, temperature, ...names },
    reads: { ...reads, labels: true },
    isStatic: true,
    check(shapes) {
      checkOneRow(shapes, output, 'normalizedTargets');
      checkSameClasses(shapes, output, teacherOutput, 'normalizedTargets');
    },
    ...meanOfExamples((tf, { student, teacher, labels }) => {
      const logits = named(student, output);
      const mask = labelMask(tf, labels, logits, 'normalizedTargets');
      return normalizedTargetsPerExample(tf, logits, named(teacher, teacherOutput), mask, { gamma, temperature });
    }),
  };
}

export function normalizedTargetsPerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  mask: Tensor,
  { gamma, temperature }: { readonly gamma: number; readonly temperature: number },
): Tensor1D {
  const given = stopGradient(tf, teacherLogits);
  const target = tf.sum(tf.mul(tf.mul(tf.softmax(given), mask), tf.logSoftmax(studentLogits)), -1);
  // The label's own place counts as −1e9: its probability is 0, and 0 times its logarithm is 0.
  const [r, logR] = [
    tf.softmax(tf.div(withoutMasked(tf, given, mask), temperature)),
    tf.logSoftmax(tf.div(withoutMasked(tf, studentLogits, mask), temperature)),
  ];
  const others = tf.sum(tf.mul(tf.mul(r, tf.sub(1, mask)), logR), -1);
  return tf.neg(tf.add(target, tf.mul(others, gamma * temperature * temperature))) as Tensor1D;
}
