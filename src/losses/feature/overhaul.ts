import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { checkFinite } from '../../core/options.ts';
import { given, type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  checkPositions,
  checkSameFeatures,
  FEATURE_PAIR,
  type FeaturePairOptions,
  featurePair,
  projectorOfPair,
  readPair,
  shapesOfPair,
} from '../featurePair.ts';
import type { Loss } from '../loss.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';

const OPTIONS = schema('overhaul', {
  ...FEATURE_PAIR.fields,
  /**
   * What replaces the teacher's values below it: a number of 0 or less for all channels, one for each channel of the
   * teacher (`overhaulMargins` computes them from batch normalization), or 'batch': the mean of each channel's values below
   * zero in the current batch. Default: 'batch', since an ONNX teacher's batch normalization is mostly folded away.
   */
  margin: given<'batch' | number | readonly number[]>(checkMargin),
  /**
   * 'linear': a trained connector maps the student's channels to the teacher's; 'none': both have equally many.
   * Default 'linear'.
   */
  projector: oneOf('linear', 'none')('linear'),
});

/** Which pre-activations are compared, and how far below zero the student must go. */
export interface OverhaulOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Overhaul of feature distillation (OFD): the student's pre-activations equal the teacher's where those are positive, and
 * need only be low enough elsewhere. Read both sides before their ReLU.
 *
 * (student − target)² of target = max(teacher, margin), where the target is positive or the student above it; 0 elsewhere.
 * Mean over all of each example's values.
 * Shapes    student [B, H, W, F] (or [B, T, F], [B, F]), projected, teacher of the same shape, margins a number or [F]
 *           → [B]; the loss is their mean
 * Units     squares of the teacher's pre-activations
 * Reduces   mean over batch and values; partial squared difference, margin ReLU
 * Weight    3 for pre-activations around 1, else over their mean square
 * Gradient  reaches the student and the connector only
 * Numerics  finite for |pre-activation| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch: map against vector, other channels without
 *           projector · invalid-option: another number of margins than the teacher has channels
 * Source    Heo et al. 2019, §3, arXiv:1904.01866; clovaai/overhaul-distillation distiller.py
 * Differs   the mean over all values in place of their sum divided by 1000 · B, so that map sizes do not matter; no factor
 *           2^(i−L) for the i-th of L layers: weight each with `weighted`. The connector is a 1×1 convolution with a bias
 *           and no batch normalization. The paper's margins come from batch normalization; the default estimates the same
 *           expectation from the batch.
 * @example
 * overhaul({ output: 'conv3', teacherOutput: '/layer3/bn2/BatchNormalization' });
 */
export function overhaul(options: OverhaulOptions): Loss {
  const { margin = 'batch', projector, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'overhaul');
  return {
    name: 'overhaul',
    options: { ...pair.options, margin: typeof margin === 'object' ? [...margin] : margin, projector },
    reads: pair.reads,
    isStatic: true,
    check(shapes) {
      checkPositions(shapes, pair, 'overhaul');
      if (projector === 'none') {
        checkSameFeatures(shapes, pair, 'overhaul', "Use projector: 'linear', which learns a map between them");
      }
      const channels = shapesOfPair(shapes, pair).teacher.at(-1);
      if (typeof margin === 'object' && margin.length !== channels) {
        throw new LimbeckError(
          'invalid-option',
          `"margin" of overhaul holds ${margin.length} numbers for the ${channels} channels of the teacher's ` +
            `"${pair.teacherOutput}"; give one for each, one number for all, or 'batch'.`,
          { details: { margins: margin.length, channels } },
        );
      }
    },
    parameters: (shapes) => projectorOfPair(shapes, pair, projector),
    ...meanOfExamples((tf, tensors) => {
      const [student, teacher] = readPair(tf, tensors, pair, projector);
      return overhaulLoss(tf, student, teacher, margin === 'batch' ? marginsOfBatch(tf, teacher) : margin);
    }),
  };
}

export function overhaulLoss(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  margins: Tensor | number | readonly number[],
): Tensor1D {
  return tf.tidy(() => {
    const least = typeof margins === 'object' && 'map' in margins ? tf.tensor1d([...margins]) : margins;
    // Broadcast first: the gradient of tf.maximum does not sum over what it broadcasts.
    const target = tf.maximum(teacher, tf.add(tf.mul(teacher, 0), least as Tensor));
    const isFiring = tf.step(target);
    const distance = tf.sub(student, target);
    // Where the target is not positive, values below it count as equal to it.
    const counted = tf.add(tf.mul(isFiring, distance), tf.mul(tf.sub(1, isFiring), tf.relu(distance)));
    return meanPerExample(tf, tf.mul(counted, counted));
  });
}

/**
 * E[x | x < 0] of normal distributions: the margins of channels whose pre-activation is batch-normalized with shift
 * `means` and scale `stdDevs`. Heo et al. 2019, eq. 3, arXiv:1904.01866; their code takes −3 σ where fewer than 0.1 % of
 * the values lie below zero; here the formula holds everywhere.
 * Throws    invalid-option: not finite, a negative deviation, or lists of unlike lengths
 */
export function overhaulMargins(means: readonly number[], stdDevs: readonly number[]): number[] {
  if (means.length !== stdDevs.length) {
    throw new LimbeckError('invalid-option', `There are ${means.length} means for ${stdDevs.length} deviations.`);
  }
  return means.map((mean, i) => {
    const stdDev = Math.abs(checkFinite(stdDevs[i] as number, 'stdDevs'));
    checkFinite(mean, 'means');
    if (stdDev === 0) return Math.min(mean, 0);
    // Far out this is a difference of two large numbers; −σ²/μ is its limit there, and its lower bound.
    return Math.min(mean - stdDev / millsRatio(mean / stdDev), 0);
  });
}

/** Φ(−z) / φ(z) of the standard normal distribution: a continued fraction for large z, the series of Φ elsewhere. */
function millsRatio(z: number): number {
  if (z > 2) {
    let fraction = z;
    for (let k = 200; k >= 1; k--) fraction = z + k / fraction;
    return 1 / fraction;
  }
  if (z < -30) return Number.POSITIVE_INFINITY;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  let term = z;
  let series = z;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(series); k += 2) {
    term *= (z * z) / k;
    series += term;
  }
  return 0.5 / density - series;
}

/** The mean of each channel's values below zero; 0 where there is none. */
function marginsOfBatch(tf: Tf, teacher: Tensor): Tensor {
  return tf.tidy(() => {
    const rows = tf.reshape(tf.neg(teacher), [-1, teacher.shape.at(-1) as number]);
    const count = tf.maximum(tf.sum(tf.step(rows), 0), 1);
    return tf.neg(tf.div(tf.sum(tf.relu(rows), 0), count));
  });
}

/** Throws    invalid-option */
function checkMargin(margin: 'batch' | number | readonly number[]): void {
  if (margin === 'batch') return;
  const all = Array.isArray(margin) ? (margin as readonly number[]) : [margin as number];
  if (all.length > 0 && all.every((one) => Number.isFinite(one) && one <= 0)) return;
  throw new LimbeckError(
    'invalid-option',
    `"margin" of overhaul was ${String(margin)}; it must be 'batch', a number of 0 or less, or one for each channel.`,
  );
}
