import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
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
import { meanOfExamples, softLogProbs } from '../rows.ts';

const OPTIONS = schema('entropyWeighted', {
  ...MEMBERS.fields,
  /** Softens the targets, not the entropies; above 0. Default 4 (CA-MKD's code). */
  temperature: positive(4),
});

/** Which teachers, and how soft their targets are. */
export interface EntropyWeightedOptions extends MembersOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Entropy-weighted distillation from several teachers (EBKD): for each example, a surer teacher counts more. Needs no
 * labels; a teacher that is sure and wrong counts more, too.
 *
 * Σ_k w_k · T² · KL(softmax(teacher_k / T) ‖ softmax(student / T)), w_k = (1 − H_k / Σ_j H_j) / (K − 1), where H_k is the
 * entropy of teacher k's distribution at temperature 1.
 * Shapes    student [B, C], teachers K times [B, C] → [B]; the loss is their mean
 * Units     logits in; nats out
 * Reduces   mean over batch; ×T²; Σ_k w_k KL(teacher_k‖student)
 * Weight    1, as softTargets
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4; teachers that are all completely sure count equally
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Kwon et al. 2020, ICASSP, "Adaptive knowledge distillation based on entropy"; Rorozhl/CA-MKD helper/loops.py
 * Differs   the weights of an example add up to 1; the code's add up to K − 1 and are then divided by K.
 * @example
 * const other = await loadTeacher('/models/other.onnx').done;
 * const both = ensemble([teacher, other], { mean: 'losses' });
 * distill({ teacher: both, student, data, loss: entropyWeighted({ teacherOutputs: ['logits@0', 'logits@1'] }) });
 */
export function entropyWeighted(options: EntropyWeightedOptions): Loss {
  const { teacherOutputs, output, temperature } = OPTIONS.read(options);
  checkMembers(teacherOutputs, 'entropyWeighted');
  return {
    name: 'entropyWeighted',
    options: { teacherOutputs: [...teacherOutputs], output, temperature },
    reads: { student: [output], teacher: [...teacherOutputs], labels: false },
    isStatic: true,
    check: (shapes) => checkMemberShapes(shapes, output, teacherOutputs, 'entropyWeighted'),
    ...meanOfExamples((tf, { student, teacher }) => {
      const members = teacherOutputs.map((name) => named(teacher, name));
      return entropyWeightedLoss(tf, named(student, output), members, temperature);
    }),
  };
}

export function entropyWeightedLoss(
  tf: Tf,
  student: Tensor,
  teachers: readonly Tensor[],
  temperature: number,
): Tensor1D {
  return tf.tidy(() => {
    const members = teachers.map((teacher) => stopGradient(tf, teacher));
    const entropies = members.map((member) => {
      const logProbs = softLogProbs(tf, member, 1);
      return tf.mul(tf.sum(tf.mul(tf.exp(logProbs), logProbs), -1), -1);
    });
    // Keeps the weights defined where all entropies are 0.
    const held = tf.add(tf.stack(entropies, 1), 1e-7) as Tensor2D;
    const shares = tf.div(held, tf.sum(held, 1, true));
    const weights = tf.div(tf.sub(1, shares), members.length - 1);
    return tf.sum(tf.mul(weights, memberDivergences(tf, student, members, temperature)), 1) as Tensor1D;
  });
}
