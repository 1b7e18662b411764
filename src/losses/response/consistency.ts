import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { divergence, flattenRows, logSoftmax, meanOfExamples, meanPerExample } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('consistency', {
  /** 'mse': the mean squared difference of the probabilities; 'kl': KL(teacher ‖ student). Default 'mse'. */
  distance: oneOf('mse', 'kl')('mse'),
  /** The student's output. Default 'logits'. */
  output: text('logits'),
  /** The teacher's. Default 'self', the answers of a self teacher. */
  teacherOutput: text('self'),
});

/** What is compared, and how. */
export interface ConsistencyOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Consistency (Mean Teacher): the student answers like its own moving average, however its input is varied. Use it with
 * `selfTeacher: { kind: 'mean' }` and `augment`, together with a loss on labels or on a teacher, and let its weight ramp
 * up.
 *
 * mean_C (p_student − p_teacher)², or KL(p_teacher ‖ p_student), of each example; the loss is their mean.
 * Shapes    studentLogits [B, …, C], teacherLogits the same → [B]
 * Units     logits in; squared probability, or nats, out
 * Reduces   mean over batch and classes (mse), or KL(teacher‖student); no T
 * Weight    50 for 'mse' of ten classes, where the authors have 100; 1 for 'kl'
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Tarvainen, Valpola 2017, §2, arXiv:1703.01780; CuriousAI/mean-teacher (softmax_mse_loss, softmax_kl_loss)
 * @example
 * const loss = weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: consistency(), weight: sigmoidRamp(100) },
 * ]);
 * distill({ student, data, loss, selfTeacher: { kind: 'mean' }, augment: { noise: 0.1 } });
 */
export function consistency(options: ConsistencyOptions = {}): Loss {
  const { distance, output, teacherOutput } = OPTIONS.read(options);
  return {
    name: 'consistency',
    options: { distance, output, teacherOutput },
    reads: { student: [output], teacher: [teacherOutput], labels: false },
    isStatic: true,
    check: (shapes) => checkSameClasses(shapes, output, teacherOutput, 'consistency'),
    ...meanOfExamples((tf, { student, teacher }) =>
      consistencyPerExample(tf, named(student, output), named(teacher, teacherOutput), distance),
    ),
  };
}

export function consistencyPerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  distance: 'mse' | 'kl',
): Tensor1D {
  const rows = studentLogits.shape.slice(0, -1);
  const own = logSoftmax(tf, flattenRows(tf, studentLogits));
  const target = logSoftmax(tf, flattenRows(tf, stopGradient(tf, teacherLogits)));
  const distances =
    distance === 'kl' ? divergence(tf, target, own) : tf.mean(tf.square(tf.sub(tf.exp(own), tf.exp(target))), -1);
  return meanPerExample(tf, tf.reshape(distances, rows));
}
