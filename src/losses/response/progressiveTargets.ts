import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { fraction, type OptionsOf, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { sumOfLessons } from '../peers.ts';
import { logSoftmax } from '../rows.ts';
import { checkOneRow, checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('progressiveTargets', {
  /** Share of its own earlier answers in the targets of the last epoch, from 0 to 1. Default 0.8 (PS-KD). */
  alpha: fraction(0.8),
  /** The student's output. Default 'logits'. */
  output: text('logits'),
  /** The student's answers at the end of the epoch before. Default 'self', those of the self teacher 'past'. */
  teacherOutput: text('self'),
});

/** How much the student trusts itself in the end. */
export interface ProgressiveTargetsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Progressive self-distillation (PS-KD): labels, softened more and more by the student's own answers of one epoch before.
 * Use it with `selfTeacher: { kind: 'past' }`, in place of `crossEntropy`.
 *
 * −Σ_c t_c · log p_c, with the targets t = (1 − α_e) · onehot(label) + α_e · p_past; mean over the batch, or of each
 * example. α_e = α · e/E in epoch e of E, and 0 in the first one.
 * Shapes    studentLogits [B, C], pastLogits [B, C], share [], ofLabels −log p(label): [] or [B] → as `ofLabels`
 * Units     logits in, nats out
 * Reduces   mean over batch; no T; cross-entropy with mixed targets
 * Weight    1, in place of crossEntropy
 * Gradient  reaches the student only: (p − t) / B
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing
 * Source    Kim, Ji, Yoon, Hwang 2021, eq. 4–6, arXiv:2006.12000; lgcnsai/PS-KD-Pytorch loss/pskd_loss.py
 * Differs   the code takes the answers of the previous epoch's steps; we take those at its end, without dropout
 * @example
 * distill({ student, data, loss: progressiveTargets(), selfTeacher: { kind: 'past' } });
 */
export function progressiveTargets(options: ProgressiveTargetsOptions = {}): Loss {
  const { alpha, output, teacherOutput } = OPTIONS.read(options);
  return {
    name: 'progressiveTargets',
    options: { alpha, output, teacherOutput },
    reads: { student: [output], teacher: [teacherOutput], labels: true },
    isStatic: true,
    // Before the first epoch there is no past.
    numbers: ({ epoch, epochs }) => [epoch === 1 ? 0 : (alpha * epoch) / epochs],
    check(shapes) {
      checkOneRow(shapes, output, 'progressiveTargets');
      checkSameClasses(shapes, output, teacherOutput, 'progressiveTargets');
    },
    ...sumOfLessons('progressiveTargets', (tf, { student, teacher, numbers }, { labelled }) => {
      const logits = named(student, output);
      const share = tf.reshape(numbers as Tensor1D, []);
      return progressiveTargetsLoss(tf, logits, named(teacher, teacherOutput), share, labelled(logits));
    }),
  };
}

export function progressiveTargetsLoss<T extends Tensor>(
  tf: Tf,
  studentLogits: Tensor,
  pastLogits: Tensor,
  share: Tensor,
  ofLabels: T,
): T {
  const past = tf.softmax(stopGradient(tf, pastLogits));
  const ofPast = tf.mul(tf.sum(tf.mul(past, logSoftmax(tf, studentLogits)), -1), -1);
  const soft = ofLabels.rank === 0 ? tf.mean(ofPast) : ofPast;
  return tf.add(tf.mul(ofLabels, tf.sub(1, share)), tf.mul(soft, share)) as T;
}
