import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import {
  checkMemberShapes,
  checkMembers,
  MEMBERS,
  type MembersOptions,
  memberDivergences,
} from '../memberDivergences.ts';
import { labelMask, meanOfExamples, softLogProbs } from '../rows.ts';

const OPTIONS = schema('confidenceWeighted', {
  ...MEMBERS.fields,
  /** Softens the targets, not the teachers' errors; above 0. Default 4 (CA-MKD's code). */
  temperature: positive(4),
});

/** Which teachers, and how soft their targets are. */
export interface ConfidenceWeightedOptions extends MembersOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Confidence-aware distillation from several teachers (CA-MKD): for each example, a teacher counts more the closer it is
 * to the label. Needs labels.
 *
 * Σ_k w_k · T² · KL(softmax(teacher_k / T) ‖ softmax(student / T)), w_k = (1 − softmax_k(CE_k)) / (K − 1), where CE_k is
 * teacher k's cross-entropy with the label at temperature 1. The weights of an example add up to 1.
 * Shapes    student [B, C], teachers K times [B, C], isLabel [B, C], 1 at the label, else 0 → [B]; the loss is their mean
 * Units     logits in; nats out
 * Reduces   mean over batch; ×T²; Σ_k w_k KL(teacher_k‖student)
 * Weight    1, as softTargets
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    labels-missing; by `check` shape-mismatch and class-mismatch
 * Source    Zhang, Chen, Wang 2022, eq. 2–4, arXiv:2201.00007; Rorozhl/CA-MKD helper/loops.py
 * Differs   the code divides by K once more. We leave out the paper's second half, features weighted by the teachers'
 *           answers to the student's features, which needs the teachers' classifiers; `featureAlign` with `weighted`
 *           matches the features of several teachers.
 * @example
 * confidenceWeighted({ teacherOutputs: ['logits@0', 'logits@1', 'logits@2'] });
 */
export function confidenceWeighted(options: ConfidenceWeightedOptions): Loss {
  const { teacherOutputs, output, temperature } = OPTIONS.read(options);
  checkMembers(teacherOutputs, 'confidenceWeighted');
  return {
    name: 'confidenceWeighted',
    options: { teacherOutputs: [...teacherOutputs], output, temperature },
    reads: { student: [output], teacher: [...teacherOutputs], labels: true },
    isStatic: true,
    check: (shapes) => checkMemberShapes(shapes, output, teacherOutputs, 'confidenceWeighted'),
    ...meanOfExamples((tf, { student, teacher, labels }) => {
      const logits = named(student, output);
      const isLabel = labelMask(tf, labels, logits, 'confidenceWeighted');
      const members = teacherOutputs.map((name) => named(teacher, name));
      return confidenceWeightedLoss(tf, logits, members, isLabel, temperature);
    }),
  };
}

export function confidenceWeightedLoss(
  tf: Tf,
  student: Tensor,
  teachers: readonly Tensor[],
  isLabel: Tensor,
  temperature: number,
): Tensor1D {
  return tf.tidy(() => {
    const members = teachers.map((teacher) => stopGradient(tf, teacher));
    const errors = members.map((member) => tf.mul(tf.sum(tf.mul(isLabel, softLogProbs(tf, member, 1)), -1), -1));
    const weights = tf.div(tf.sub(1, tf.softmax(tf.stack(errors, 1))), members.length - 1);
    return tf.sum(tf.mul(weights, memberDivergences(tf, student, members, temperature)), 1) as Tensor1D;
  });
}
