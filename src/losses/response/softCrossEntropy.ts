import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { meanOfExamples, meanPerExample, softLogProbs } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('softCrossEntropy', {
  /** Softens both distributions; above 0. Default 4, as for `softTargets` (and TextBrewer). */
  temperature: positive(4),
  ...OUTPUT_PAIR.fields,
});

/** How soft the targets are, and where they are read. */
export interface SoftCrossEntropyOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Cross-entropy with the teacher's softened distribution (soft CE): `softTargets` plus the teacher's own entropy, which the
 * student cannot change. The gradients are the same; the value never reaches 0.
 *
 * −T² · Σ softmax(teacher / T) · log softmax(student / T) of each example. The loss is their mean.
 * Shapes    studentLogits [B, …, C], teacherLogits [B, …, C] → [B]; an example's rows are averaged
 * Units     logits in, nats out
 * Reduces   mean over batch; ×T²; −Σ p_teacher log p_student
 * Weight    1, as softTargets
 * Gradient  reaches the student only: T · (p_student − p_teacher) / B, that of softTargets
 * Numerics  finite for |logit| ≤ 1e4; smallest at student = teacher, where it is T² times the teacher's entropy
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Hinton, Vinyals, Dean 2015, §2, arXiv:1503.02531
 * Differs   TextBrewer leaves T² out, so its gradient shrinks as 1 / T²; the paper asks for T².
 * @example
 * distill({ teacher, student, data, loss: softCrossEntropy({ temperature: 2 }) });
 */
export function softCrossEntropy(options: SoftCrossEntropyOptions = {}): Loss {
  const { temperature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'softCrossEntropy',
    options: { temperature, ...names },
    reads,
    isStatic: true,
    check: (shapes) => checkSameClasses(shapes, output, teacherOutput, 'softCrossEntropy'),
    ...meanOfExamples((tf, { student, teacher }) =>
      softCrossEntropyPerExample(tf, named(student, output), named(teacher, teacherOutput), temperature),
    ),
  };
}

export function softCrossEntropyPerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  temperature: number,
): Tensor1D {
  const teacherProbs = tf.softmax(tf.div(stopGradient(tf, teacherLogits), temperature));
  const rows = tf.sum(tf.mul(teacherProbs, softLogProbs(tf, studentLogits, temperature)), -1);
  return tf.mul(meanPerExample(tf, rows), -temperature * temperature) as Tensor1D;
}
