import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { checkPositive } from '../../core/options.ts';
import { given, notNegative, type OptionsOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { divergence, flattenRows, softLogProbs } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('multiLevelTargets', {
  /** One comparison each; all above 0. Default [2, 3, 4, 5, 6] (the paper's code). */
  temperatures: given<readonly number[]>(checkTemperatures, [2, 3, 4, 5, 6]),
  /** Weight of the correlation of classes. 0 or more. Default 1 (the paper's code). */
  classWeight: notNegative(1),
  /** Weight of the correlation of examples. 0 or more. Default 1 (the paper's code). */
  batchWeight: notNegative(1),
  ...OUTPUT_PAIR.fields,
});

/** At which temperatures to compare, how much correlations count, and where logits are read. */
export interface MultiLevelTargetsOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Multi-level targets (MLKD): soft targets at several temperatures at once, with the correlations of the classes and of
 * the examples in the batch.
 *
 * Σ over the temperatures: T² · KL(teacher ‖ student), mean over the rows, + w_class · ‖PᵀP_teacher − PᵀP_student‖² / C
 * + w_batch · ‖PPᵀ_teacher − PPᵀ_student‖² / B, P the rows' probabilities at T.
 * Shapes    studentLogits [B, …, C], teacherLogits [B, …, C] → scalar; all dimensions but the last make rows
 * Units     logits in; nats, and squared probabilities, out
 * Reduces   mean over batch per T; ×T² on the KL, not on correlations (÷C, ÷B); KL(teacher‖student)
 * Weight    0.2: five temperatures are about five times softTargets
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4. Entries of PᵀP are sums over the batch: the class term grows as B², the batch
 *           term as B, so weights found with one size of batch do not fit another
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Jin, Wang, Lin 2023, Multi-Level Logit Distillation, CVPR, §3; sunshangquan/logit-standardization-KD MLKD.py
 * Differs   paper and code compare a weak and a strong view of each image; we use one view: add a second by data
 *           augmentation. The code multiplies its divergence by a mask of the less confident half of the batch, but by then
 *           the divergence is a scalar, so the mask picks no examples and multiplies by about ½; and three of its five
 *           strong-view terms get the strong view, two the weak one. We do neither.
 * @example
 * weighted([{ loss: multiLevelTargets(), weight: 0.2 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function multiLevelTargets(options: MultiLevelTargetsOptions = {}): Loss {
  const { temperatures, classWeight, batchWeight, output, teacherOutput, names, reads } = outputPair(
    OPTIONS.read(options),
  );
  return {
    name: 'multiLevelTargets',
    options: { temperatures: [...temperatures], classWeight, batchWeight, ...names },
    reads,
    isStatic: true,
    check: (shapes) => checkSameClasses(shapes, output, teacherOutput, 'multiLevelTargets'),
    compute: (tf, { student, teacher }) =>
      multiLevelTargetsLoss(tf, named(student, output), named(teacher, teacherOutput), {
        temperatures,
        classWeight,
        batchWeight,
      }),
  };
}

/** What `multiLevelTargetsLoss` weighs its levels by. */
interface MultiLevelNumbers {
  readonly temperatures: readonly number[];
  readonly classWeight: number;
  readonly batchWeight: number;
}

export function multiLevelTargetsLoss(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  { temperatures, classWeight, batchWeight }: MultiLevelNumbers,
): Scalar {
  return tf.tidy(() => {
    const ofStudent = flattenRows(tf, studentLogits);
    const ofTeacher = flattenRows(tf, stopGradient(tf, teacherLogits));
    const [rows, classes] = ofStudent.shape as [number, number];
    const levels = temperatures.flatMap((temperature) => {
      const [logP, logQ] = [ofTeacher, ofStudent].map((logits) => softLogProbs(tf, logits, temperature)) as [
        Tensor,
        Tensor,
      ];
      const level = tf.mul(tf.mean(divergence(tf, logP, logQ)), temperature * temperature);
      const [p, q] = [tf.exp(logP), tf.exp(logQ)];
      const ofClasses = tf.sum(tf.square(tf.sub(tf.matMul(p, p, true), tf.matMul(q, q, true))));
      const ofRows = tf.sum(tf.square(tf.sub(tf.matMul(p, p, false, true), tf.matMul(q, q, false, true))));
      return [level, tf.mul(ofClasses, classWeight / classes), tf.mul(ofRows, batchWeight / rows)];
    });
    return tf.addN(levels) as Scalar;
  });
}

/** Throws    invalid-option */
function checkTemperatures(temperatures: readonly number[]): void {
  if (!Array.isArray(temperatures) || temperatures.length === 0) {
    throw new LimbeckError('invalid-option', '"temperatures" holds nothing; it must be a list of numbers above 0.');
  }
  for (const temperature of temperatures) checkPositive(temperature, 'temperatures');
}
