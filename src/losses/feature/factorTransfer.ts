import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { checkFraction } from '../../core/options.ts';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  checkPositions,
  FEATURE_PAIR,
  type FeaturePairOptions,
  featurePair,
  readPair,
  shapesOfPair,
} from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { featuresOf, project, projectorParameters } from '../projector.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('factorTransfer', {
  ...FEATURE_PAIR.fields,
  /** The paraphraser's channels as a share of the teacher's, above 0, at most 1. Default 0.5 (Kim et al. 2018). */
  factorFraction: positive(0.5),
});

/** Which features are compared, and into how many numbers the teacher's are condensed. */
export interface FactorTransferOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Factor transfer (FT): a paraphraser condenses the teacher's features to factors from which it can restore them, and a
 * translator maps the student's features to the same factors. Both are trained with the student and then dropped.
 *
 * |s / ‖s‖₂ − t / ‖t‖₂| of the factors of each example, flattened; mean over their values. The loss adds the paraphraser's:
 * (restored − teacher)², mean over each example's values.
 * Shapes    the student's factors s [B, H, W, F] (or [B, T, F], [B, F]) and the teacher's t of the same shape → [B]; the
 *           loss is the mean
 * Units     none; the paraphraser's part: squares of the teacher's features
 * Reduces   mean over batch and values; L1 of unit factors, plus paraphraser reconstruction
 * Weight    100: the values of unit vectors of length n are around 1 / √n. RepDistiller has 200
 * Gradient  of the factors' part reaches the student and the translator, of the paraphraser's part the paraphraser only
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: map against vector
 * Source    Kim, Park, Kwak 2018, §3, eq. 1–3, arXiv:1802.04977; torchdistill FTLoss (p = 1, mean over flattened factors)
 * Differs   one stage in place of two: paraphraser and student learn at the same time, each by its own part. Paraphraser
 *           and translator are one 1×1 convolution with a bias, not three 3×3 ones with normalization: a linear paraphraser
 *           finds the space of the teacher's principal components. RepDistiller averages squared channels first (p1 = 2);
 *           like the paper, we flatten the factors. The value includes the paraphraser's part.
 * @example
 * weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: factorTransfer({ output: 'block3', teacherOutput: 'layer3' }), weight: 100 },
 * ]);
 */
export function factorTransfer(options: FactorTransferOptions): Loss {
  const { factorFraction, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'factorTransfer');
  checkFraction(factorFraction, 'factorFraction');
  return {
    name: 'factorTransfer',
    options: { ...pair.options, factorFraction },
    reads: pair.reads,
    isStatic: true,
    check: (shapes) => checkPositions(shapes, pair, 'factorTransfer'),
    parameters(shapes) {
      const { student, teacher } = shapesOfPair(shapes, pair);
      const given = featuresOf(teacher, `the teacher's "${pair.teacherOutput}"`);
      const own = featuresOf(student, `the student's "${pair.output}"`);
      const factors = Math.max(1, Math.round(factorFraction * given));
      return {
        ...projectorParameters(own, factors, 'translator'),
        ...projectorParameters(given, factors, 'paraphraser'),
        ...projectorParameters(factors, given, 'restorer'),
      };
    },
    ...meanOfExamples((tf, tensors) => {
      const [student, teacher] = readPair(tf, tensors, pair);
      const factors = project(tf, tensors, teacher, 'paraphraser');
      const restored = meanPerExample(tf, tf.squaredDifference(project(tf, tensors, factors, 'restorer'), teacher));
      const translated = project(tf, tensors, student, 'translator');
      return tf.add(factorTransferLoss(tf, translated, constantOf(tf, factors, teacher)), restored);
    }),
  };
}

export function factorTransferLoss(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => {
    const unit = (factors: Tensor) => toUnitLength(tf, tf.reshape(factors, [factors.shape[0] as number, -1]));
    const difference = tf.sub(unit(student), unit(teacher));
    // |x| with the gradient 0 at 0, where tf.abs has −1.
    return tf.mean(tf.add(tf.relu(difference), tf.relu(tf.mul(difference, -1))), 1) as Tensor1D;
  });
}

/**
 * The factors without a gradient to the teacher. `stopGradient` would do too, but would send zeros on to the paraphraser.
 */
function constantOf(tf: Tf, factors: Tensor, teacher: Tensor): Tensor {
  const constant = tf.customGrad((from) => ({
    value: factors.clone(),
    gradFunc: () => tf.zerosLike(from as Tensor),
  }));
  return constant(teacher);
}
