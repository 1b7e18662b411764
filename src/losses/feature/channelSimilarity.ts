import type { Tensor, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
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
} from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { meanOfExamples } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('channelSimilarity', {
  ...FEATURE_PAIR.fields,
  /**
   * 'linear': a 1×1 convolution, trained with the student; 'none': both have equally many channels. Default 'linear' (the
   * authors' code).
   */
  projector: oneOf('linear', 'none')('linear'),
  /**
   * 'mean' over the batch; 'torchdistill' divides by the batch size once more, as that library does, so that the weight
   * grows with it. Default 'mean' (the authors' code).
   */
  reduction: oneOf('mean', 'torchdistill')('mean'),
});

/** Which maps, and whether the student's channels are mapped to the teacher's. */
export interface ChannelSimilarityOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Inter-channel correlation (ICKD): the student's channels resemble each other as the teacher's do. The
 * positions may differ in number.
 *
 * Σ (S_student − S_teacher)² / C, where row c of S [C, C] holds the inner products of channel c with all channels over the
 * positions, divided by the row's length ‖·‖₂.
 * Shapes    student [B, H, W, C] (or [B, T, C]), projected, and teacher of the same shape → [B]; the loss is their mean
 * Units     none; from 0 to 4
 * Reduces   mean over batch, sum over C² ÷ C, with 'torchdistill' ÷ B again; squared difference of channel correlations
 * Weight    2.5 (the authors' code); with reduction 'torchdistill' B times that
 * Gradient  reaches the student and the projector
 * Numerics  finite for |feature| ≤ 1e4 and up to 1e6 positions
 * Throws    invalid-option · shape-mismatch by `check`: vectors without positions · other channels
 * Source    Liu et al. 2021, §3, ICCV 2021; ADLab-AutoDrive/ICKD and torchdistill's ChSimLoss
 * Differs   from torchdistill, which divides by B twice, unless reduction is 'torchdistill'; from the authors' code: the
 *           projector has no batch normalization; maps of different sizes are averaged down to the smaller one
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: channelSimilarity({ output: 'block3', teacherOutput: 'layer3' }), weight: 2.5 },
 * ]) });
 */
export function channelSimilarity(options: ChannelSimilarityOptions): Loss {
  const { projector, reduction, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'channelSimilarity');
  return {
    name: 'channelSimilarity',
    options: { ...pair.options, projector, ...(reduction !== 'mean' && { reduction }) },
    reads: pair.reads,
    isStatic: true,
    check(shapes) {
      checkProjected(shapes, pair, projector, 'channelSimilarity', {
        needsPositions: true,
        remedy: 'or neuronSelectivity, which needs none',
      });
    },
    parameters: (shapes) => projectorOfPair(shapes, pair, projector),
    ...meanOfExamples((tf, tensors) => {
      const each = channelSimilarityLoss(tf, ...readPair(tf, tensors, pair, projector));
      return reduction === 'mean' ? each : tf.div(each, each.size);
    }),
  };
}

export function channelSimilarityLoss(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => {
    const [own, other] = [student, teacher].map((maps) => similaritiesOf(tf, maps)) as [Tensor3D, Tensor3D];
    return tf.mul(tf.sum(tf.squaredDifference(own, other), [1, 2]), 1 / own.shape[1]) as Tensor1D;
  });
}

/** [B, ..., C] → [B, C, C], each row of length 1. */
function similaritiesOf(tf: Tf, maps: Tensor): Tensor3D {
  const positions = sizeOf(maps.shape.slice(1, -1));
  const columns = tf.reshape(maps, [maps.shape[0] as number, positions, maps.shape.at(-1) as number]) as Tensor3D;
  // The mean and the sum give the same rows once these are divided by their lengths; the mean keeps numbers small.
  return toUnitLength(tf, tf.mul(tf.matMul(columns, columns, true, false), 1 / positions) as Tensor3D);
}
