import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { divergence, meanPerExample, softLogProbs } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('softTargets', {
  /** Softens both distributions; above 1 the teacher's small probabilities count more. Default 4 (RepDistiller). */
  temperature: positive(4),
  ...OUTPUT_PAIR.fields,
});

/** How soft the targets are, and where they are read. */
export interface SoftTargetsOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Soft-target distillation (KD): the student learns the teacher's softened distribution.
 *
 * T² · KL(softmax(teacher / T) ‖ softmax(student / T)), mean over the batch.
 * Shapes    studentLogits [B, …, C], teacherLogits [B, …, C] → scalar; all dimensions but the last make rows
 * Units     logits in (log-probabilities are logits too); nats out
 * Reduces   mean over batch (batchmean); ×T²; KL(teacher‖student)
 * Weight    1: T² keeps the gradient as large as at T = 1. Next to labels, 0.9 to 0.1 is usual (RepDistiller)
 * Gradient  reaches the student only: T · (p_student − p_teacher) / B
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Hinton, Vinyals, Dean 2015, §2, arXiv:1503.02531
 * @example
 * distill({ teacher, student, data, loss: softTargets({ temperature: 4 }) });
 */
export function softTargets(options: SoftTargetsOptions = {}): Loss {
  const { temperature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'softTargets',
    options: { temperature, ...names },
    reads,
    isStatic: true,
    check: (shapes) => checkSameClasses(shapes, output, teacherOutput, 'softTargets'),
    compute: (tf, { student, teacher }) =>
      softTargetsLoss(tf, named(student, output), named(teacher, teacherOutput), temperature),
    perExample: (tf, { student, teacher }) =>
      softTargetsPerExample(tf, named(student, output), named(teacher, teacherOutput), temperature),
  };
}

export function softTargetsLoss(tf: Tf, studentLogits: Tensor, teacherLogits: Tensor, temperature: number): Scalar {
  return tf.tidy(() => {
    if (isForKernel(tf, studentLogits, teacherLogits)) {
      const inputs = { student: studentLogits, teacher: teacherLogits };
      const [loss] = tf.engine().runKernel('SoftTargets', inputs, { temperature }) as Scalar[];
      return loss as Scalar;
    }
    return tf.mean(softTargetsPerExample(tf, studentLogits, teacherLogits, temperature)) as Scalar;
  });
}

/** The same for each example, so that examples can be weighted; an example's rows are averaged: two of [B, …, C] → [B]. */
export function softTargetsPerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  temperature: number,
): Tensor1D {
  return tf.tidy(() => {
    const teacherLogProbs = softLogProbs(tf, stopGradient(tf, teacherLogits), temperature);
    const rows = divergence(tf, teacherLogProbs, softLogProbs(tf, studentLogits, temperature));
    return tf.mul(meanPerExample(tf, rows), temperature * temperature) as Tensor1D;
  });
}

/** Most classes that the kernel takes. */
const MOST_CLASSES = 100_000;

/** Whether limbeck's kernel is installed on the current backend and takes these logits. */
function isForKernel(tf: Tf, student: Tensor, teacher: Tensor): boolean {
  const isLike = student.rank === teacher.rank && student.shape.every((length, i) => length === teacher.shape[i]);
  const isFloat = student.dtype === 'float32' && teacher.dtype === 'float32' && student.size > 0;
  const isSmall = (student.shape.at(-1) ?? 0) <= MOST_CLASSES;
  return isLike && isFloat && isSmall && tf.getKernel('SoftTargets', tf.getBackend()) !== undefined;
}
