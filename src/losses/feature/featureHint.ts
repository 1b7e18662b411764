import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  checkProjected,
  FEATURE_PAIR,
  type FeaturePairOptions,
  featurePair,
  projectorOfPair,
  readPair,
} from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';

const OPTIONS = schema('featureHint', {
  ...FEATURE_PAIR.fields,
  /**
   * 'linear': a regressor, trained with the student and then dropped, maps the student's channels to the teacher's;
   * 'none': both have equally many and are compared as they are. Default 'linear' (FitNets).
   */
  projector: oneOf('linear', 'none')('linear'),
});

/** Which features, and whether the student's are mapped to the teacher's. */
export interface FeatureHintOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Feature hints (FitNets): a trained regressor on a layer of the student gives what a layer of the teacher gives.
 *
 * (student − teacher)², mean over each example's values.
 * Shapes    student [B, H, W, F] (or [B, T, F], [B, F]), projected, and teacher of the same shape → [B]; the loss is their
 *           mean
 * Units     squares of the teacher's features
 * Reduces   mean over batch and values; trained 1×1 regressor
 * Weight    4 for features around 1, else over their mean square. RepDistiller has 100
 * Gradient  reaches the student and the regressor: 2 (student − teacher) / (values of one example · B)
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: map against vector · other channels without projector
 * Source    Romero et al. 2015, eq. 3, arXiv:1412.6550; RepDistiller distiller_zoo/FitNet.py
 * Differs   from the paper: the mean in place of half the sum, as in RepDistiller, so the value does not depend on the
 *           sizes; the regressor is a 1×1 convolution with a bias, without the paper's larger windows and RepDistiller's
 *           batch normalization and ReLU; maps of different sizes are averaged down to the smaller one
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: softTargets(), weight: 1 },
 *   { loss: featureHint({ output: 'block2', teacherOutput: 'layer2' }), weight: 4 },
 * ]) });
 */
export function featureHint(options: FeatureHintOptions): Loss {
  const { projector, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'featureHint');
  return {
    name: 'featureHint',
    options: { ...pair.options, projector },
    reads: pair.reads,
    isStatic: true,
    check(shapes) {
      checkProjected(shapes, pair, projector, 'featureHint');
    },
    parameters: (shapes) => projectorOfPair(shapes, pair, projector),
    ...meanOfExamples((tf, tensors) => featureHintLoss(tf, ...readPair(tf, tensors, pair, projector))),
  };
}

export function featureHintLoss(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => meanPerExample(tf, tf.squaredDifference(student, teacher)));
}
