import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed, seededRandom } from '../../core/random.ts';
import { count, fraction, type OptionsOf, schema } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  checkPositions,
  FEATURE_PAIR,
  type FeaturePairOptions,
  featurePair,
  projectorOfPair,
  readPair,
  shapesOfPair,
} from '../featurePair.ts';
import { type Loss, type LossTensors, parameter } from '../loss.ts';
import { featuresOf } from '../projector.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';

const OPTIONS = schema('maskedGeneration', {
  ...FEATURE_PAIR.fields,
  /** The share of positions that are hidden, from 0 to 1. Default 0.65 (MGD's code, one-stage detectors). */
  maskedFraction: fraction(0.65),
  /** Decides what is hidden at which step; a whole number of 0 or more. Default 0. */
  seed: count(0)(0),
});

/** Which maps are compared, and how much of the student's is hidden. */
export interface MaskedGenerationOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Masked generative distillation (MGD): most positions of the student's map are hidden, and a small generator makes
 * the teacher's whole map from the rest. So each position must tell something about its neighbors. The generator is trained
 * with the student and then dropped.
 *
 * (generated − teacher)², mean over each example's values, hidden and visible ones alike.
 * Shapes    generated from the student's map, and teacher, [B, H, W, F] → [B]; the loss is their mean
 * Units     squares of the teacher's features
 * Reduces   mean over batch and values; squared difference
 * Weight    3 for features around 1, else over their mean square
 * Gradient  reaches the student where it is visible, the projector and the generator
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: no maps
 * Source    Yang et al. 2022, eq. 3–5, arXiv:2205.01529; mmrazor models/losses/mgd_loss.py
 * Differs   mean over all values; the code sums them, divides by B and weights with 2e-5. All examples of a batch hide
 *           the same positions, others at each step, so that an example's value does not depend on its place in the
 *           batch. Position p is hidden where the fractional part of p·r + t is below maskedFraction, with two random
 *           numbers r and t for each step: any two positions are hidden independently, and a seed hides the same on every
 *           backend
 * @example
 * maskedGeneration({ output: 'block3', teacherOutput: 'layer3', maskedFraction: 0.5 });
 */
export function maskedGeneration(options: MaskedGenerationOptions): Loss {
  const { maskedFraction, seed, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'maskedGeneration');
  return {
    name: 'maskedGeneration',
    options: { ...pair.options, maskedFraction, seed },
    reads: pair.reads,
    isStatic: true,
    check(shapes) {
      checkPositions(shapes, pair, 'maskedGeneration', true);
      const { student } = shapesOfPair(shapes, pair);
      if (student.length === 3) return;
      throw new LimbeckError(
        'shape-mismatch',
        `maskedGeneration reads maps [H, W, C]; the student's "${pair.output}" is ${formatShape(student)}. ` +
          'Use featureHint, which takes sequences and vectors too.',
        { details: { student } },
      );
    },
    parameters(shapes) {
      const channels = featuresOf(shapesOfPair(shapes, pair).teacher, `the teacher's "${pair.teacherOutput}"`);
      const window = { shape: [3, 3, channels, channels], initial: 'glorot-uniform' } as const;
      const bias = { shape: [channels], initial: 0 } as const;
      const generator = { hiddenKernel: window, hiddenBias: bias, outKernel: window, outBias: bias };
      return { ...projectorOfPair(shapes, pair, 'linear'), ...generator };
    },
    numbers({ step }) {
      const random = seededRandom(derivedSeed(seed, `mask/${step}`));
      return [random(), random()];
    },
    ...meanOfExamples((tf, tensors) => {
      const [student, teacher] = readPair(tf, tensors, pair, 'linear');
      const masked = tf.mul(student, visibleAt(tf, student, tensors.numbers as Tensor1D, maskedFraction));
      return maskedGenerationLoss(tf, generate(tf, tensors, masked as Tensor4D), teacher);
    }),
  };
}

export function maskedGenerationLoss(tf: Tf, generated: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => meanPerExample(tf, tf.squaredDifference(generated, teacher)));
}

/** 0 where a position is hidden, else 1: [1, H, W, 1]. */
function visibleAt(tf: Tf, map: Tensor, numbers: Tensor1D, maskedFraction: number): Tensor {
  const [, height, width] = map.shape as [number, number, number];
  const [turn, start] = tf.split(numbers, 2) as [Tensor1D, Tensor1D];
  const positions = tf.reshape(tf.range(0, height * width), [1, height, width, 1]);
  const turns = tf.add(tf.mul(positions, turn), start);
  const isHidden = tf.less(tf.sub(turns, tf.floor(turns)), maskedFraction);
  return tf.sub(1, tf.cast(isHidden, 'float32'));
}

/** Two convolutions over 3 × 3 positions with a ReLU between. */
function generate(tf: Tf, tensors: LossTensors, map: Tensor4D): Tensor {
  const layer = (name: string, x: Tensor4D) =>
    tf.add(
      tf.conv2d(x, parameter(tensors, `${name}Kernel`) as Tensor4D, 1, 'same'),
      parameter(tensors, `${name}Bias`),
    ) as Tensor4D;
  return layer('out', tf.relu(layer('hidden', map)));
}
