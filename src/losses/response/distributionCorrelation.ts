import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { notNegative, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs } from '../pairs.ts';
import { flattenRows, safeNorm } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('distributionCorrelation', {
  /** Weight of the correlation over the classes of each example. 0 or more. Default 1 (the paper's β). */
  betweenClasses: notNegative(1),
  /** Weight of the correlation over the examples of each class. 0 or more. Default 1 (the paper's γ). */
  withinClasses: notNegative(1),
  /** Softens both distributions; above 0. Default 1 (the paper's τ on ImageNet; on CIFAR it takes 4). */
  temperature: positive(1),
  ...OUTPUT_PAIR.fields,
});

/** How much the two correlations count, and where the logits are read. */
export interface DistributionCorrelationOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Correlation of distributions (DIST): the student's probabilities rise and fall with the teacher's, over the classes of
 * an example and over the examples of a class, without having to equal them. It works well where the teacher is much
 * stronger than the student. Each half lies in 0…2 · τ².
 *
 * τ² · (β · (1 − mean ρ of the rows) + γ · (1 − mean ρ of the columns)) of p = softmax(logits / τ), where ρ is Pearson's
 * correlation of the student's numbers with the teacher's.
 * Shapes    studentLogits [B, …, C], teacherLogits [B, …, C] → scalar; all dimensions but the last make rows
 * Units     logits in; none out
 * Reduces   mean over rows and over columns; ×τ²; 1 − Pearson (symmetric)
 * Weight    2 (the paper); the gradient falls as the student's logits grow
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4; a row or column without variation correlates with nothing: ρ = 0, without a gradient
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Huang, You, Wang, Qian, Xu 2022, eq. 7–10, arXiv:2205.10536; hunto/image_classification_sota dist_kd.py
 * Differs   the paper leaves τ² out; its code has it, and so do we, so that the gradient does not shrink with τ. Like the
 *           code, we add 1e-8 to the product of the deviations.
 * @example
 * weighted([{ loss: distributionCorrelation(), weight: 2 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function distributionCorrelation(options: DistributionCorrelationOptions = {}): Loss {
  const { betweenClasses, withinClasses, temperature, output, teacherOutput, names, reads } = outputPair(
    OPTIONS.read(options),
  );
  return {
    name: 'distributionCorrelation',
    options: { betweenClasses, withinClasses, temperature, ...names },
    reads,
    isStatic: true,
    check(shapes) {
      checkSameClasses(shapes, output, teacherOutput, 'distributionCorrelation');
      if (withinClasses > 0) checkPairs('distributionCorrelation with withinClasses above 0', shapes.batchSize);
    },
    compute: (tf, { student, teacher }) =>
      distributionCorrelationLoss(tf, named(student, output), named(teacher, teacherOutput), {
        betweenClasses,
        withinClasses,
        temperature,
      }),
  };
}

export function distributionCorrelationLoss(
  tf: Tf,
  studentLogits: Tensor,
  teacherLogits: Tensor,
  numbers: { readonly betweenClasses: number; readonly withinClasses: number; readonly temperature: number },
): Scalar {
  return tf.tidy(() => {
    const { betweenClasses, withinClasses, temperature } = numbers;
    const probsOf = (logits: Tensor) => tf.softmax(tf.div(flattenRows(tf, logits), temperature));
    const ofStudent = probsOf(studentLogits);
    const ofTeacher = probsOf(stopGradient(tf, teacherLogits));
    const distanceAlong = (axis: number) => tf.sub(1, tf.mean(correlation(tf, ofStudent, ofTeacher, axis)));
    const squared = temperature * temperature;
    return tf.add(
      tf.mul(distanceAlong(1), betweenClasses * squared),
      tf.mul(distanceAlong(0), withinClasses * squared),
    ) as Scalar;
  });
}

const EPSILON = 1e-8;

function correlation(tf: Tf, a: Tensor, b: Tensor, axis: number): Tensor {
  const [fromMeanA, fromMeanB] = [a, b].map((x) => tf.sub(x, tf.mean(x, axis, true))) as [Tensor, Tensor];
  const deviations = tf.mul(safeNorm(tf, fromMeanA, axis), safeNorm(tf, fromMeanB, axis));
  return tf.div(tf.sum(tf.mul(fromMeanA, fromMeanB), axis, true), tf.add(deviations, EPSILON));
}
