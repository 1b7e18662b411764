import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { checkPositions, FEATURE_PAIR, type FeaturePairOptions, featurePair, readPair } from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { meanOfExamples, meanPerExample, safeNorm } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('attentionMap', {
  ...FEATURE_PAIR.fields,
  /** The attention at a position is the mean of |feature|^power over its channels: 1, 2 or 4. Default 2 (the authors' code). */
  power: oneOf(1, 2, 4)(2),
  /** 'code': the mean of squares over the positions, as in the authors' code; 'paper': the length ‖·‖₂. Default 'code'. */
  form: oneOf('code', 'paper')('code'),
});

/** Which maps, and how strongly their largest values count. */
export interface AttentionMapOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Attention transfer (AT): the student looks where the teacher looks. It compares one pair of layers, whose channel
 * counts may differ; combine several pairs with `weighted`, all with the same weight.
 *
 * (Q_student − Q_teacher)², mean over the positions (form 'code'), or ‖Q_student − Q_teacher‖₂ (form 'paper'), where
 * Q = a / ‖a‖₂ and a = mean over channels of |feature|^power.
 * Shapes    student [B, H, W, F] (or [B, T, F]), teacher [B, H, W, G] → [B]; the loss is their mean
 * Units     none: the attention of an example has length 1; the value is at most 2 / (H·W), or √2
 * Reduces   mean over batch and positions, squared difference of unit maps; form 'paper': mean over batch, its length
 * Weight    100 for maps of 7 × 7, since the mean over positions of unit vectors is small; it grows with their number.
 *           RepDistiller has 1000. With form 'paper' 2
 * Gradient  reaches the student only; 0 where its map is zero everywhere
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: vectors without positions · map against sequence
 * Source    Zagoruyko, Komodakis 2017, eq. 2, arXiv:1612.03928; szagoruyko/attention-transfer utils.py
 * Differs   from the paper unless form is 'paper': by default we follow the authors' code. Its gradient fades as both come
 *           to agree; that of a length does not. Maps of different sizes are averaged down to the smaller one before the
 *           power is taken, as in RepDistiller
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: attentionMap({ output: 'block2', teacherOutput: 'layer2' }), weight: 100 },
 *   { loss: attentionMap({ output: 'block3', teacherOutput: 'layer3' }), weight: 100 },
 * ]) });
 */
export function attentionMap(options: AttentionMapOptions): Loss {
  const { power, form, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'attentionMap');
  return {
    name: 'attentionMap',
    options: { ...pair.options, power, ...(form !== 'code' && { form }) },
    reads: pair.reads,
    isStatic: true,
    check: (shapes) => checkPositions(shapes, pair, 'attentionMap', true),
    ...meanOfExamples((tf, tensors) => attentionMapLoss(tf, ...readPair(tf, tensors, pair), power, form)),
  };
}

export function attentionMapLoss(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  power: 1 | 2 | 4,
  form: 'code' | 'paper',
): Tensor1D {
  return tf.tidy(() => {
    const [own, other] = [student, teacher].map((maps) => toUnitLength(tf, attentionOf(tf, maps, power)));
    if (form === 'code') return meanPerExample(tf, tf.squaredDifference(own as Tensor, other as Tensor));
    return tf.squeeze(safeNorm(tf, tf.sub(own as Tensor, other as Tensor), 1), [1]);
  });
}

/** The mean of |feature|^power at each position: [B, H·W]. */
function attentionOf(tf: Tf, maps: Tensor, power: 1 | 2 | 4): Tensor {
  const squared = tf.mul(maps, maps);
  const strength = power === 1 ? tf.abs(maps) : power === 2 ? squared : tf.mul(squared, squared);
  return tf.reshape(tf.mean(strength, -1), [maps.shape[0] as number, sizeOf(maps.shape.slice(1, -1))]);
}
