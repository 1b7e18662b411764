import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { labelMask, meanOfExamples } from '../rows.ts';
import { checkOneRow, checkSameClasses } from '../sameClasses.ts';
import { softCrossEntropyPerExample } from './softCrossEntropy.ts';

const OPTIONS = schema('weightedSoftLabels', {
  /** Softens both distributions; above 0. Default 4 (yzd-v/cls_KD on CIFAR; mmrazor has 1). */
  temperature: positive(4),
  ...OUTPUT_PAIR.fields,
});

/** How soft the targets are, and where they are read. */
export interface WeightedSoftLabelsOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Weighted soft labels (WSLD): soft cross-entropy that counts less for examples that the student already
 * answers better than the teacher.
 *
 * w · T² · soft cross-entropy at T of each example, w = 1 − exp(−CE_student / (CE_teacher + 1e-7)) of the cross-entropies
 * with the label at temperature 1. The loss is their mean.
 * Shapes    studentLogits [B, C], teacherLogits [B, C], mask [B, C] with 1 at the label → [B]
 * Units     logits in, nats out; w is in 0…1
 * Reduces   mean over batch; ×T²; soft cross-entropy, weights without gradient
 * Weight    1, as softTargets; the code has 2.25
 * Gradient  reaches the student only, and not through w
 * Numerics  finite for |logit| ≤ 1e4; at student = teacher the gradient is 0, and the value is not
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing
 * Source    Zhou, Song, Chen, Zhou, Wang, Yuan, Zhang 2021, eq. 12, arXiv:2102.00650; mmrazor and yzd-v/cls_KD wsld.py
 * @example
 * weighted([{ loss: weightedSoftLabels(), weight: 1 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function weightedSoftLabels(options: WeightedSoftLabelsOptions = {}): Loss {
  const { temperature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'weightedSoftLabels',
    options: { temperature, ...names },
    reads: { ...reads, labels: true },
    isStatic: true,
    check(shapes) {
      checkOneRow(shapes, output, 'weightedSoftLabels');
      checkSameClasses(shapes, output, teacherOutput, 'weightedSoftLabels');
    },
    ...meanOfExamples((tf, { student, teacher, labels }) => {
      const logits = named(student, output);
      const mask = labelMask(tf, labels, logits, 'weightedSoftLabels');
      return weightedSoftLabelsPerExample(tf, logits, named(teacher, teacherOutput), mask, temperature);
    }),
  };
}

export function weightedSoftLabelsPerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  mask: Tensor,
  temperature: number,
): Tensor1D {
  const surprise = (logits: Tensor) => tf.neg(tf.sum(tf.mul(tf.logSoftmax(stopGradient(tf, logits)), mask), -1));
  const ratio = tf.div(surprise(studentLogits), tf.add(surprise(teacherLogits), 1e-7));
  const weights = tf.sub(1, tf.exp(tf.neg(ratio)));
  return tf.mul(weights, softCrossEntropyPerExample(tf, studentLogits, teacherLogits, temperature)) as Tensor1D;
}
