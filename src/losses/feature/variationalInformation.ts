import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  checkPositions,
  FEATURE_PAIR,
  type FeaturePairOptions,
  featurePair,
  readPair,
  shapesOfPair,
} from '../featurePair.ts';
import { type Loss, type LossTensors, parameter } from '../loss.ts';
import { featuresOf, project, projectorParameters } from '../projector.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';

const OPTIONS = schema('variationalInformation', {
  ...FEATURE_PAIR.fields,
  /**
   * 1×1 convolutions (for vectors: dense layers) of the regressor, with ReLU between them; inner ones are as wide as the
   * teacher's features. 1 is a linear map, which is cheaper. Default 3 (the authors' code).
   */
  layers: count()(3),
  /**
   * The variance of each of the teacher's channels at the start of training, in squares of its features. Default 5 (the
   * authors' code).
   */
  initialVariance: positive(5),
});

/** Which features, and how the student's predict the teacher's. */
export interface VariationalInformationOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/** Least variance. */
const EPSILON = 1e-5;

/**
 * Variational information (VID): the student's features predict the teacher's, with a variance for each channel; a lower
 * bound of their mutual information. The value may be negative.
 *
 * ½ [(mean − teacher)² / σ² + log σ²], mean over each example's values, with σ² = softplus(variance) + 1e-5 for each
 * channel.
 * Shapes    means (the regressor's) and teacher [B, H, W, F] (or [B, T, F], [B, F]), variance [F] → [B]; the loss is their
 *           mean
 * Units     nats, without the constant ½ log 2π; negative where σ² is below 1
 * Reduces   mean over batch and values; negative Gaussian log-likelihood of the teacher
 * Weight    10: the gradient starts at a fifth of that of the plain difference, behind a regressor that is still random,
 *           and grows as variances fall. RepDistiller has 1
 * Gradient  reaches the student, the regressor and the variances
 * Numerics  finite for |mean − teacher| ≤ 1e7; σ² never falls below 1e-5
 * Throws    invalid-option · shape-mismatch by `check`: map against vector
 * Source    Ahn et al. 2019, §2, arXiv:1904.05835; RepDistiller distiller_zoo/VID.py (the authors')
 * Differs   from the paper: the mean in place of the sum, as in the code; from the code: the convolutions have biases
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: variationalInformation({ output: 'block3', teacherOutput: 'layer3' }), weight: 10 },
 * ]) });
 */
export function variationalInformation(options: VariationalInformationOptions): Loss {
  const { layers, initialVariance, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'variationalInformation');
  return {
    name: 'variationalInformation',
    options: { ...pair.options, layers, initialVariance },
    reads: pair.reads,
    isStatic: true,
    check: (shapes) => checkPositions(shapes, pair, 'variationalInformation'),
    parameters(shapes) {
      const { student, teacher } = shapesOfPair(shapes, pair);
      const from = featuresOf(student, `the student's "${pair.output}"`);
      const to = featuresOf(teacher, `the teacher's "${pair.teacherOutput}"`);
      const regressor = layersOf(layers).map((layer, i) => projectorParameters(i === 0 ? from : to, to, layer));
      return Object.assign(
        { variance: { shape: [to], initial: inverseSoftplus(Math.max(initialVariance - EPSILON, EPSILON)) } },
        ...regressor,
      );
    },
    ...meanOfExamples((tf, tensors) => {
      const [student, teacher] = readPair(tf, tensors, pair);
      const means = regress(tf, tensors, student, layers);
      return variationalInformationLoss(tf, means, teacher, parameter(tensors, 'variance'));
    }),
  };
}

export function variationalInformationLoss(tf: Tf, means: Tensor, teacher: Tensor, variance: Tensor): Tensor1D {
  return tf.tidy(() => {
    const squares = tf.add(tf.softplus(variance), EPSILON);
    const misses = tf.div(tf.squaredDifference(means, teacher), squares);
    return tf.mul(meanPerExample(tf, tf.add(misses, tf.log(squares))), 0.5) as Tensor1D;
  });
}

function regress(tf: Tf, tensors: LossTensors, student: Tensor, layers: number): Tensor {
  return layersOf(layers).reduce(
    (values, layer, i) => project(tf, tensors, i === 0 ? values : tf.relu(values), layer),
    student,
  );
}

/** The names of the regressor's layers: 'layer1' … */
function layersOf(layers: number): string[] {
  return Array.from({ length: layers }, (_, i) => `layer${i + 1}`);
}

/** a with softplus(a) = value. */
function inverseSoftplus(value: number): number {
  return value + Math.log(-Math.expm1(-value));
}
