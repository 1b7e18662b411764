import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, positive, schema } from '../../core/schema.ts';
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
import { softTargetsLoss } from '../response/softTargets.ts';
import { divergence, meanPerExample, softLogProbs } from '../rows.ts';

const OPTIONS = schema('channelWise', {
  ...FEATURE_PAIR.fields,
  /** Softens the distributions over the positions; above 1 more positions of a channel count. Default 1 (mmrazor). */
  temperature: positive(1),
  /** 'linear': a 1×1 convolution, trained with the student; 'none': both have the same channels. Default 'none' (mmrazor). */
  projector: oneOf('linear', 'none')('none'),
});

/** Which maps, how soft their distributions are, and whether the student's channels are mapped to the teacher's. */
export interface ChannelWiseOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Channel-wise distillation (CWD): each channel of the student peaks where the teacher's does; for features, and for
 * the logit maps of dense prediction.
 *
 * T² · KL(softmax(teacher / T) ‖ softmax(student / T)), each softmax over the positions of one channel, mean over channels.
 * Shapes    student [B, H, W, C] (or [B, T, C]), projected, and teacher of the same shape → [B]; the loss is their mean
 * Units     any scores in; nats out
 * Reduces   mean over batch and channels; ×T²; KL(teacher‖student) over positions
 * Weight    5 (mmrazor; 10 for features)
 * Gradient  reaches the student and the projector: T · (p_student − p_teacher) / (C · B)
 * Numerics  finite for |score| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: vectors without positions · other channels
 * Source    Shu et al. 2021, §3, arXiv:2011.13256; mmrazor models/losses/cwd.py
 * Differs   from the paper: the mean over the batch in place of the sum, as in mmrazor; maps of different sizes are
 *           averaged down to the smaller one
 * @example
 * distill({ teacher, student, data, loss: channelWise({ output: 'maps', temperature: 4 }) });
 */
export function channelWise(options: ChannelWiseOptions): Loss {
  const { temperature, projector, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'channelWise');
  return {
    name: 'channelWise',
    options: { ...pair.options, temperature, projector },
    reads: pair.reads,
    isStatic: true,
    check(shapes) {
      checkProjected(shapes, pair, projector, 'channelWise', {
        needsPositions: true,
        remedy: 'or attentionMap, which needs none',
      });
    },
    parameters: (shapes) => projectorOfPair(shapes, pair, projector),
    // There is a kernel for the mean over all channels, not for each example's.
    compute: (tf, tensors) =>
      tf.tidy(() => {
        const [student, teacher] = readPair(tf, tensors, pair, projector).map((maps) => byChannel(tf, maps));
        return softTargetsLoss(tf, student as Tensor, teacher as Tensor, temperature);
      }),
    perExample: (tf, tensors) =>
      tf.tidy(() => channelWiseLoss(tf, ...readPair(tf, tensors, pair, projector), temperature)),
  };
}

export function channelWiseLoss(tf: Tf, student: Tensor, teacher: Tensor, temperature: number): Tensor1D {
  return tf.tidy(() => {
    const [q, p] = [student, teacher].map((maps) => softLogProbs(tf, byChannel(tf, maps), temperature));
    const divergences = tf.reshape(divergence(tf, p as Tensor, q as Tensor), [student.shape[0] as number, -1]);
    return tf.mul(meanPerExample(tf, divergences), temperature ** 2) as Tensor1D;
  });
}

/** [B, ..., C] → [B·C, positions]. */
function byChannel(tf: Tf, maps: Tensor): Tensor {
  const [batch = 1, channels = 1] = [maps.shape[0], maps.shape.at(-1)];
  const positions = sizeOf(maps.shape.slice(1, -1));
  const turned = tf.transpose(tf.reshape(maps, [batch, positions, channels]), [0, 2, 1]);
  return tf.reshape(turned, [batch * channels, positions]);
}
