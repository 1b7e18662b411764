import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, positive, schema } from '../../core/schema.ts';
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

const OPTIONS = schema('activationBoundary', {
  ...FEATURE_PAIR.fields,
  /**
   * The student's value must lie this far on the teacher's side of zero; above 0, in units of the pre-activation. Default 1
   * (RepDistiller).
   */
  margin: positive(1),
  /**
   * 'linear': a trained connector maps the student's channels to the teacher's; 'none': both have equally many.
   * Default 'linear'.
   */
  projector: oneOf('linear', 'none')('linear'),
});

/** Which pre-activations are compared, and how sure the student must be of each sign. */
export interface ActivationBoundaryOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Activation boundaries (AB): which neurons fire, not how strongly. Read both sides before their ReLU: a layer of the
 * student without an activation, and a tap of the teacher before its Relu node. After the ReLU no value is below zero, and
 * all silent neurons look the same. The paper trains in two stages, first this loss alone, then the labels from the weights
 * that it leaves: run `distill` twice for that, or weight it among other losses.
 *
 * max(0, margin − student)² where the teacher's value is above 0, max(0, margin + student)² elsewhere; mean over each
 * example's values.
 * Shapes    student [B, H, W, F] (or [B, T, F], [B, F]), projected, and teacher of the same shape → [B]; the loss is their
 *           mean
 * Units     squares of the student's pre-activations
 * Reduces   mean over batch and values; squared hinge on the sign
 * Weight    2
 * Gradient  reaches the student and the connector; zero beyond the margin
 * Numerics  finite for |pre-activation| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: map against vector · other channels without projector
 * Source    Heo et al. 2019, eq. 4, arXiv:1811.03233; RepDistiller distiller_zoo/AB.py
 * Differs   we take the mean over all values; the code sums them and divides by B · 1000 / 3. The connector is a 1×1
 *           convolution with a bias, without batch normalization.
 * @example
 * const first = await distill({ teacher, student, data, loss: activationBoundary({ output: 'conv3' }) }).done;
 */
export function activationBoundary(options: ActivationBoundaryOptions): Loss {
  const { margin, projector, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'activationBoundary');
  return {
    name: 'activationBoundary',
    options: { ...pair.options, margin, projector },
    reads: pair.reads,
    isStatic: true,
    check(shapes) {
      checkProjected(shapes, pair, projector, 'activationBoundary');
    },
    parameters: (shapes) => projectorOfPair(shapes, pair, projector),
    ...meanOfExamples((tf, tensors) => activationBoundaryLoss(tf, ...readPair(tf, tensors, pair, projector), margin)),
  };
}

export function activationBoundaryLoss(tf: Tf, student: Tensor, teacher: Tensor, margin: number): Tensor1D {
  return tf.tidy(() => {
    const otherSide = tf.sub(1, tf.mul(tf.step(teacher), 2));
    const missing = tf.relu(tf.add(tf.mul(otherSide, student), margin));
    return meanPerExample(tf, tf.mul(missing, missing));
  });
}
