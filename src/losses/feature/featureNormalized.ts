import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  checkProjected,
  FEATURE_PAIR,
  type FeaturePairOptions,
  featurePair,
  projectorOfPair,
  readPair,
  shapesOfPair,
} from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { checkPairs } from '../pairs.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('featureNormalized', {
  ...FEATURE_PAIR.fields,
  /** 'linear': a 1×1 convolution, trained with the student; 'none': both have equally many channels. Default 'none' (mmrazor). */
  projector: oneOf('linear', 'none')('none'),
});

/** Which features, and whether the student's are mapped to the teacher's. */
export interface FeatureNormalizedOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Normalized features (PKD): each channel of the student varies over the batch as the teacher's does, whatever the mean and
 * the scale. The value is 1 − Pearson's correlation, mean over channels.
 *
 * ½ (n(student) − n(teacher))², mean over everything, where n standardizes each channel over the batch and its positions:
 * (x − mean) / deviation, unbiased.
 * Shapes    student [B, H, W, F] (or [B, T, F], [B, F]), projected, and teacher of the same shape → scalar
 * Units     none; from 0 to 2
 * Reduces   mean over everything; ½ squared difference = 1 − Pearson per channel
 * Weight    4; the paper has more, for detectors
 * Gradient  reaches the student and the projector
 * Numerics  finite for |feature| ≤ 1e4; a channel that is 0 everywhere counts as standardized; one that is constant and not
 *           0 may become rounding noise
 * Throws    invalid-option by `check`: batches of one vector · shape-mismatch by `check`: map against vector · other
 *           channels
 * Source    Cao et al. 2022, §3, arXiv:2207.02039; mmrazor models/losses/pkd_loss.py
 * Differs   from mmrazor: nothing is added to the deviation, so the gradient is infinite where a channel is constant; maps
 *           of different sizes are averaged down to the smaller one, where mmrazor resizes the student
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: featureNormalized({ output: 'block3', teacherOutput: 'layer3' }), weight: 4 },
 * ]) });
 */
export function featureNormalized(options: FeatureNormalizedOptions): Loss {
  const { projector, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'featureNormalized');
  return {
    name: 'featureNormalized',
    options: { ...pair.options, projector },
    reads: pair.reads,
    isStatic: true,
    check(shapes) {
      checkProjected(shapes, pair, projector, 'featureNormalized');
      const { student, teacher } = shapesOfPair(shapes, pair);
      const positions = student.slice(0, -1).map((length, i) => Math.min(length ?? 2, teacher[i] ?? 2));
      if (sizeOf(positions) === 1) checkPairs('featureNormalized of vectors', shapes.batchSize);
    },
    parameters: (shapes) => projectorOfPair(shapes, pair, projector),
    compute: (tf, tensors) => tf.tidy(() => featureNormalizedLoss(tf, ...readPair(tf, tensors, pair, projector))),
  };
}

export function featureNormalizedLoss(tf: Tf, student: Tensor, teacher: Tensor): Scalar {
  return tf.tidy(() => {
    const [own, other] = [student, teacher].map((features) => standardized(tf, features)) as [Tensor2D, Tensor2D];
    return tf.mul(tf.mean(tf.squaredDifference(own, other)), 0.5) as Scalar;
  });
}

/** Each channel with mean 0 and deviation 1: [B·positions, F]. */
function standardized(tf: Tf, features: Tensor): Tensor2D {
  const rows = tf.reshape(features, [-1, features.shape.at(-1) as number]) as Tensor2D;
  // Only an addition has a compiled gradient.
  const centered = tf.add(rows, tf.mul(tf.mean(rows, 0, true), -1)) as Tensor2D;
  return tf.mul(toUnitLength(tf, centered, 0), Math.sqrt(rows.shape[0] - 1));
}
