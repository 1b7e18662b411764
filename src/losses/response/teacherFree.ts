import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { STUDENT_OUTPUT, type StudentOutputOptions } from '../outputPair.ts';
import { divergence, labelMask, meanOfExamples, softLogProbs } from '../rows.ts';
import { checkOneRow } from '../sameClasses.ts';

const OPTIONS = schema('teacherFree', {
  /** The virtual teacher's probability of the label; above 0, below 1. Default 0.99 (the paper's code). */
  confidence: positive(0.99),
  /** Softens both distributions; above 0. Default 20 (the paper: 20 or more). */
  temperature: positive(20),
  ...STUDENT_OUTPUT.fields,
});

/** How sure and how soft the virtual teacher is, and where the student's logits are read. */
export interface TeacherFreeOptions extends StudentOutputOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Teacher-free distillation by regularization (TF-KD_reg): soft targets from a virtual teacher that is right in 99 of 100
 * cases and equally unsure of all other classes.
 *
 * T² · KL(softmax(log v / T) ‖ softmax(student / T)) of each example, v the virtual teacher: its confidence at the
 * label, (1 − confidence) / (C − 1) elsewhere. The loss is their mean.
 * Shapes    logits [B, C], mask [B, C] with 1 at the label → [B]
 * Units     logits in, nats out
 * Reduces   mean over batch; ×T²; KL(virtual teacher‖student)
 * Weight    1; the paper uses it as a regularizer, 0.1 next to 0.9
 * Gradient  reaches the student only: T · (p_student − v_T) / B
 * Numerics  finite for |logit| ≤ 1e4; one class gives 0
 * Throws    invalid-option · by `check` shape-mismatch · labels-missing
 * Source    Yuan, Tay, Li, Wang, Feng 2020, eq. 9–10, arXiv:1909.11723
 * Differs   the authors' code (yuanli2333) softens v by softmax(v / T), with probabilities in place of logits, which at
 *           T = 20 is uniform within 5 %; does not soften the student; leaves T² out; and takes the mean over B · C times
 *           100, which is the mean over B only for CIFAR's 100 classes.
 *           This is the paper's formula, with the softening of Hinton et al. on both sides.
 * @example
 * weighted([{ loss: teacherFree(), weight: 1 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function teacherFree(options: TeacherFreeOptions = {}): Loss {
  const { confidence, temperature, output } = OPTIONS.read(options);
  if (confidence >= 1) {
    throw new LimbeckError('invalid-option', `"confidence" was ${confidence}; it must be above 0 and below 1.`);
  }
  return {
    name: 'teacherFree',
    options: { confidence, temperature, output },
    reads: { student: [output], teacher: [], labels: true },
    isStatic: true,
    check: (shapes) => checkOneRow(shapes, output, 'teacherFree'),
    ...meanOfExamples((tf, { student, labels }) => {
      const logits = named(student, output);
      const mask = labelMask(tf, labels, logits, 'teacherFree');
      return teacherFreePerExample(tf, logits, mask, { confidence, temperature });
    }),
  };
}

export function teacherFreePerExample(
  tf: Tf,
  logits: Tensor,
  mask: Tensor,
  { confidence, temperature }: { readonly confidence: number; readonly temperature: number },
): Tensor1D {
  const others = Math.max((logits.shape.at(-1) as number) - 1, 1);
  const [label, other] = [Math.log(confidence), Math.log((1 - confidence) / others)];
  const virtual = tf.add(tf.mul(mask, label - other), other);
  const softened = softLogProbs(tf, virtual, temperature);
  const rows = divergence(tf, softened, softLogProbs(tf, logits, temperature));
  return tf.mul(rows, temperature * temperature) as Tensor1D;
}
