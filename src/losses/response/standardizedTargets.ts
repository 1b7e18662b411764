import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { divergence, meanOfExamples, meanPerExample, safeNorm, softLogProbs } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('standardizedTargets', {
  /** Softens both distributions, after the logits are standardized; above 0. Default 2 (the paper's code). */
  temperature: positive(2),
  ...OUTPUT_PAIR.fields,
});

/** How soft the targets are, and where they are read. */
export interface StandardizedTargetsOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Soft targets from standardized logits (logit standardization, LSKD): each row is brought to mean 0 and deviation 1
 * first, so that the student learns which classes are alike and need not match how large the teacher's logits are.
 *
 * T² · KL(softmax(ẑ_teacher / T) ‖ softmax(ẑ_student / T)) of each example, ẑ = (z − mean) / (1e-7 + deviation) over
 * the classes, the deviation over C − 1. The loss is their mean.
 * Shapes    studentLogits [B, …, C], teacherLogits [B, …, C] → [B]; an example's rows are averaged
 * Units     logits in, nats out
 * Reduces   mean over batch; ×T²; KL(teacher‖student) of z-scores (÷ C−1)
 * Weight    3 for logits of deviation 1; the gradient falls as the student's logits grow. The paper's code has 9
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4; a row of equal logits gives equal probabilities and a very large gradient, that of
 *           z / 1e-7: clip gradients where a student starts from zeros
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Sun, Ren, Li, Wang, Cao 2024, §3.3, arXiv:2403.01427; sunshangquan/logit-standardization-KD KD.py
 * Differs   the paper computes the deviation over C, its code over C − 1; we follow the code, which made the published
 *           numbers. One class gives 0, where the code gives NaN.
 * @example
 * weighted([{ loss: standardizedTargets(), weight: 3 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function standardizedTargets(options: StandardizedTargetsOptions = {}): Loss {
  const { temperature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'standardizedTargets',
    options: { temperature, ...names },
    reads,
    isStatic: true,
    check: (shapes) => checkSameClasses(shapes, output, teacherOutput, 'standardizedTargets'),
    ...meanOfExamples((tf, { student, teacher }) =>
      standardizedTargetsPerExample(tf, named(student, output), named(teacher, teacherOutput), temperature),
    ),
  };
}

export function standardizedTargetsPerExample(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  temperature: number,
): Tensor1D {
  const ofTeacher = softLogProbs(tf, standardize(tf, stopGradient(tf, teacherLogits)), temperature);
  const ofStudent = softLogProbs(tf, standardize(tf, studentLogits), temperature);
  const rows = divergence(tf, ofTeacher, ofStudent);
  return tf.mul(meanPerExample(tf, rows), temperature * temperature) as Tensor1D;
}

const EPSILON = 1e-7;

function standardize(tf: Tf, logits: Tensor): Tensor {
  // The mean of large equal numbers is rounded, and 1e-7 would blow the difference up; that of zeros is not.
  const shifted = tf.sub(logits, stopGradient(tf, tf.max(logits, -1, true)));
  const fromMean = tf.sub(shifted, tf.mean(shifted, -1, true));
  const others = Math.max((logits.shape.at(-1) as number) - 1, 1);
  const deviation = tf.div(safeNorm(tf, fromMean, -1), Math.sqrt(others));
  return tf.div(fromMean, tf.add(deviation, EPSILON));
}
