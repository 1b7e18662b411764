import type { Tensor, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
import { schema } from '../../core/schema.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { checkPositions, FEATURE_PAIR, type FeaturePairOptions, featurePair, readPair } from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('neuronSelectivity', FEATURE_PAIR.fields);

/**
 * Neuron selectivity transfer (NST): as a set, the student's channels respond to the same places as the teacher's.
 * Their number may differ, and their order does not matter.
 *
 * MMD² between the channels of both: mean k(s, s′) + mean k(t, t′) − 2 mean k(s, t), with k(a, b) = (a · b)² for channels
 * a = map / ‖map‖₂ over the positions.
 * Shapes    student [B, H, W, F] (or [B, T, F]), teacher [B, H, W, G] → [B]; the loss is their mean
 * Units     none; 0 or more
 * Reduces   mean over batch; MMD², kernel (aᵀb)²
 * Weight    20; RepDistiller has 50, at the last stage
 * Gradient  reaches the student only; 0 for channels that are zero everywhere
 * Numerics  finite for |feature| ≤ 1e4; the value has the rounding of its terms, which are up to 1
 * Throws    invalid-option · shape-mismatch by `check`: vectors without positions · map against sequence
 * Source    Huang, Wang 2017, §4, arXiv:1707.01219; RepDistiller distiller_zoo/NST.py
 * Differs   of the paper's kernels only the polynomial one of degree 2 and offset 0; maps of different sizes are averaged
 *           down to the smaller one
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: neuronSelectivity({ output: 'block3', teacherOutput: 'layer3' }), weight: 20 },
 * ]) });
 */
export function neuronSelectivity(options: FeaturePairOptions): Loss {
  const pair = featurePair(OPTIONS.read(options), 'neuronSelectivity');
  return {
    name: 'neuronSelectivity',
    options: pair.options,
    reads: pair.reads,
    isStatic: true,
    check: (shapes) => checkPositions(shapes, pair, 'neuronSelectivity', true),
    ...meanOfExamples((tf, tensors) => neuronSelectivityLoss(tf, ...readPair(tf, tensors, pair))),
  };
}

export function neuronSelectivityLoss(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => {
    const own = channelsOf(tf, student);
    const other = channelsOf(tf, teacher);
    const within = tf.add(meanKernel(tf, own, own), meanKernel(tf, other, other));
    return tf.add(within, tf.mul(meanKernel(tf, own, other), -2)) as Tensor1D;
  });
}

/** Maps of length 1: [B, H·W, F], one channel a column. */
function channelsOf(tf: Tf, maps: Tensor): Tensor3D {
  const positions = sizeOf(maps.shape.slice(1, -1));
  return toUnitLength(tf, tf.reshape(maps, [maps.shape[0] as number, positions, maps.shape.at(-1) as number]), 1);
}

/** The mean of (a · b)² over all pairs of channels [B]. */
function meanKernel(tf: Tf, a: Tensor3D, b: Tensor3D): Tensor1D {
  const products = tf.matMul(a, b, true, false);
  return meanPerExample(tf, tf.mul(products, products));
}
