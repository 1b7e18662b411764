import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { checkKnownOptions, checkOneOf } from '../../core/options.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { checkPositions, type FeaturePairOptions, featurePair, readPair } from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

/** Which maps, and how strongly their largest values count. */
export interface AttentionMapOptions extends FeaturePairOptions {
  /** The attention at a position is the mean of |feature|^power over its channels: 1, 2 or 4. Default 2 (the authors' code). */
  readonly power?: 1 | 2 | 4;
}

/**
 * Attention transfer (AT): the student looks where the teacher looks. It compares one pair of layers, whose channel
 * counts may differ; several go through `weighted`, each with the same weight.
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: attentionMap({ output: 'block2', teacherOutput: 'layer2' }), weight: 1000 },
 *   { loss: attentionMap({ output: 'block3', teacherOutput: 'layer3' }), weight: 1000 },
 * ]) });
 */
export function attentionMap(options: AttentionMapOptions): Loss {
  checkKnownOptions(options, ['output', 'teacherOutput', 'power'], 'attentionMap');
  const { power = 2 } = options;
  const pair = featurePair(options, 'attentionMap');
  checkOneOf(power, 'power', [1, 2, 4]);
  return {
    name: 'attentionMap',
    options: { ...pair.options, power },
    reads: pair.reads,
    isStatic: true,
    check: (shapes) => checkPositions(shapes, pair, 'attentionMap', true),
    ...meanOfExamples((tf, tensors) => attentionMapLoss(tf, ...readPair(tf, tensors, pair), power)),
  };
}

/**
 * (Q_student − Q_teacher)², mean over the positions, where Q = a / ‖a‖₂ and a = mean over channels of |feature|^power.
 * Shapes    student [B, H, W, F] (or [B, T, F]), teacher [B, H, W, G] → [B]; the loss is their mean
 * Units     none: the attention of an example has length 1; the value is at most 2 / (H·W)
 * Weight    100 for maps of 7 × 7, since the mean over positions of unit vectors is small; it grows with their number.
 *           RepDistiller has 1000
 * Gradient  reaches the student only; 0 where its map is zero everywhere
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    nothing: the loss checks before; shape-mismatch by `check`: vectors without positions · map beside sequence
 * Source    Zagoruyko, Komodakis 2017, eq. 2, arXiv:1612.03928; szagoruyko/attention-transfer utils.py
 * Differs   from the paper, which adds ‖Q_student − Q_teacher‖₂: we follow the authors' code, whose slope is finite where
 *           both agree; unlike positions are averaged down to the smaller map, before the power is taken, as in RepDistiller
 */
export function attentionMapLoss(tf: Tf, student: Tensor, teacher: Tensor, power: 1 | 2 | 4): Tensor1D {
  return tf.tidy(() => {
    const [own, other] = [student, teacher].map((maps) => toUnitLength(tf, attentionOf(tf, maps, power)));
    return meanPerExample(tf, tf.squaredDifference(own as Tensor, other as Tensor));
  });
}

/** The mean of |feature|^power at each position: [B, H·W]. */
function attentionOf(tf: Tf, maps: Tensor, power: 1 | 2 | 4): Tensor {
  const squared = tf.mul(maps, maps);
  const strength = power === 1 ? tf.abs(maps) : power === 2 ? squared : tf.mul(squared, squared);
  return tf.reshape(tf.mean(strength, -1), [maps.shape[0] as number, sizeOf(maps.shape.slice(1, -1))]);
}
