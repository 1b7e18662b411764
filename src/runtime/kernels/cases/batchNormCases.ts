// Random cases of batch normalisation, held against plain float64 numbers, and of what serves it.
import fc from 'fast-check';
import * as tf from '../../tf.ts';
import {
  flattened,
  matrixAttrs,
  type PlainCall,
  plainNorm,
  plainNormGrad,
  type RowsAttrs,
} from './normalizationCases.ts';
import { casesOf, type Inputs, type KernelCases } from './randomCases.ts';

interface BatchNormAttrs extends RowsAttrs {
  readonly rank: number;
  readonly epsilon: number;
  /** Added to x: so far from zero do its values lie. */
  readonly distance: number;
}

interface TrainingAttrs extends BatchNormAttrs {
  /** Behind the normalisation; 0 is none. */
  readonly activation: 0 | 'relu' | 'relu6';
}

const attrs: fc.Arbitrary<BatchNormAttrs> = fc
  .record({
    size: matrixAttrs,
    rank: fc.integer({ min: 1, max: 4 }),
    epsilon: fc.constantFrom(1e-3, 1e-5, 0.1),
    distance: fc.constantFrom(0, 0, 10, -1000),
  })
  .map(({ size, rank, ...rest }) => ({ ...size, ...rest, rank: size.rows === 1 ? rank : Math.max(2, rank) }));

const { relu, relu6 } = tf;
const activate = { relu, relu6 };

/** Results are about one large, and both sides read the same floats: a few hundred roundings. */
const depth = () => 200;
const isFallback = () => true;

function shapeOf({ rows, columns, rank }: BatchNormAttrs): number[] {
  if (rank === 1) return [columns];
  const width = rank > 2 && rows % 2 === 0 ? 2 : 1;
  return [...Array.from({ length: rank - 2 }, (_, i) => (i === 0 ? width : 1)), rows / (rank > 2 ? width : 1), columns];
}

function plainCall({ columns, epsilon }: BatchNormAttrs, x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): PlainCall {
  const column = (i: number) => i % columns;
  const [values, scale, shift] = [x.dataSync(), gamma.dataSync(), beta.dataSync()];
  return { x: values, gamma: scale, beta: shift, epsilon, groups: columns, groupOf: column, featureOf: column };
}

/** One value, or none that differs, has no variance; epsilon then multiplies what is rounded. */
function spreadOf(variance: tf.Tensor, { epsilon }: BatchNormAttrs): tf.Tensor {
  return tf.sqrt(tf.add(variance, epsilon));
}

const withActivation: fc.Arbitrary<TrainingAttrs> = fc
  .tuple(attrs, fc.constantFrom<TrainingAttrs['activation']>(0, 'relu', 'relu6'))
  .map(([of, activation]) => ({ ...of, activation }));

function kernelAttrs({ epsilon, activation }: TrainingAttrs): tf.NamedAttrMap {
  return { epsilon, ...(activation !== 0 && { activation }) };
}

const trainingCases = casesOf<TrainingAttrs>({
  kernelName: 'BatchNormTraining',
  attrs: withActivation,
  inputShapes: (of) => [shapeOf(of), [of.columns], [of.columns]],
  depth,
  isFallback,
  run(of, [x, gamma, beta]) {
    const far = tf.add(x, of.distance);
    const outputs = tf.engine().runKernel('BatchNormTraining', { x: far, gamma, beta }, kernelAttrs(of));
    const [y, mean, variance] = outputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    return flattened([y, 1], [mean, 1 + Math.abs(of.distance)], [variance, 1]);
  },
  reference(of, [x, gamma, beta]) {
    const { y, mean, variance } = plainNorm(plainCall(of, tf.add(x, of.distance), gamma, beta));
    const activated = of.activation === 0 ? tf.tensor(y) : activate[of.activation](tf.tensor(y));
    return flattened([activated, 1], [tf.tensor(mean), 1 + Math.abs(of.distance)], [tf.tensor(variance), 1]);
  },
});

interface GradInputs {
  readonly x: tf.Tensor;
  readonly dy: tf.Tensor;
  readonly gamma: tf.Tensor;
  readonly dMean: tf.Tensor;
  readonly dVariance: tf.Tensor;
}

/**
 * Mean and variance are divided by the rows, so what reaches them is taken times the rows to matter. Where an activation bends,
 * nothing arrives: rounding decides there on which side y lies.
 */
function gradInputs(of: TrainingAttrs, [x, dy, gamma, dMean, dVariance]: Inputs): GradInputs {
  const { rows, distance } = of;
  const far = tf.add(x, distance);
  const y = tf.tensor(plainNorm(plainCall(of, far, gamma, gamma)).y, x.shape);
  const isAway = (bend: number) => tf.cast(tf.greater(tf.abs(tf.sub(y, bend)), BEND), 'float32');
  const passed = of.activation === 0 ? dy : tf.mul(dy, tf.mul(isAway(0), isAway(6)));
  return { x: far, dy: passed, gamma, dMean: tf.mul(dMean, rows), dVariance: tf.mul(dVariance, rows / 32) };
}

/** Of what y may be wrong by. */
const BEND = 1e-3;

/** What the activation lets through of dy, by y in plain numbers. */
function maskedGradient({ activation }: TrainingAttrs, dy: ArrayLike<number>, y: readonly number[]): number[] {
  const most = activation === 'relu6' ? 6 : Number.POSITIVE_INFINITY;
  return y.map((value, i) => (activation === 0 || (value > 0 && value <= most) ? (dy[i] as number) : 0));
}

const gradCases = casesOf<TrainingAttrs>({
  kernelName: 'BatchNormTrainingGrad',
  // The kernel is given the mean in float32, so a mean far from zero is rounded by more than the distances from it.
  attrs: withActivation.map((of) => ({ ...of, distance: of.distance / 100 })),
  inputShapes: (of) => [shapeOf(of), shapeOf(of), [of.columns], [of.columns], [of.columns]],
  depth,
  isFallback,
  run(of, inputs) {
    const given = gradInputs(of, inputs);
    const attrs = kernelAttrs(of);
    const plain = plainNorm(plainCall(of, given.x, given.gamma, given.gamma));
    const [mean, variance] = [tf.tensor1d(plain.mean), tf.tensor1d(plain.variance)];
    const forward = { x: given.x, gamma: given.gamma, beta: given.gamma };
    const [, , , slopes] = tf.engine().runKernel('BatchNormTraining', forward, attrs) as unknown as tf.Tensor[];
    const all = { ...given, mean, variance, ...(slopes && { slopes }) };
    const outputs = tf.engine().runKernel('BatchNormTrainingGrad', all, attrs);
    const [dx, dGamma, dBeta] = outputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    return flattened([tf.mul(dx, spreadOf(variance, of)), 1], [dGamma, of.rows], [dBeta, of.rows]);
  },
  reference(of, inputs) {
    const { x, gamma, dy, dMean, dVariance } = gradInputs(of, inputs);
    const call = plainCall(of, x, gamma, gamma);
    const upper = {
      dy: maskedGradient(of, dy.dataSync(), plainNorm(call).y),
      dMean: dMean.dataSync(),
      dVariance: dVariance.dataSync(),
    };
    const { dx, dGamma, dBeta } = plainNormGrad(call, upper);
    const variance = tf.tensor1d(plainNorm(call).variance);
    const whole = tf.mul(tf.tensor(dx, x.shape), spreadOf(variance, of));
    return flattened([whole, 1], [tf.tensor(dGamma), of.rows], [tf.tensor(dBeta), of.rows]);
  },
});

interface FusedAttrs extends BatchNormAttrs {
  readonly hasOffset: boolean;
  readonly hasScale: boolean;
}

const fusedCases = casesOf<FusedAttrs>({
  kernelName: tf.FusedBatchNorm,
  attrs: fc
    .tuple(attrs, fc.boolean(), fc.boolean())
    .map(([of, hasOffset, hasScale]) => ({ ...of, hasOffset, hasScale })),
  inputShapes: (of) => [shapeOf(of), [of.columns], [of.columns], [of.columns], [of.columns]],
  depth,
  isFallback,
  run({ epsilon, distance, hasOffset, hasScale }, [x, mean, variance, offset, scale]) {
    const [far, center, spread] = [tf.add(x, distance), tf.add(mean, distance), tf.add(tf.abs(variance), 0.5)];
    const [shift, factor] = [hasOffset ? offset : undefined, hasScale ? scale : undefined];
    return tf.batchNorm(
      far,
      center as tf.Tensor1D,
      spread as tf.Tensor1D,
      shift as tf.Tensor1D,
      factor as tf.Tensor1D,
      epsilon,
    );
  },
});

const averageCases = casesOf<{ readonly channels: number; readonly momentum: number }>({
  kernelName: 'MovingAverage',
  attrs: fc.record({ channels: fc.integer({ min: 1, max: 70 }), momentum: fc.constantFrom(0.99, 0.9, 0, 1, 0.123) }),
  inputShapes: ({ channels }) => [[channels], [channels], [channels], [channels]],
  // tfjs rounds the same three steps, so whole values agree to the last bit.
  depth: () => 0,
  run({ momentum }, [mean, variance, batchMean, batchVariance]) {
    const inputs = { mean, variance, batchMean, batchVariance };
    return tf.concat(tf.engine().runKernel('MovingAverage', inputs, { momentum }) as unknown as tf.Tensor[]);
  },
  reference({ momentum }, [mean, variance, batchMean, batchVariance]) {
    const moved = (old: tf.Tensor, value: tf.Tensor) => tf.sub(old, tf.mul(tf.sub(old, value), 1 - momentum));
    return tf.concat([moved(mean, batchMean), moved(variance, batchVariance)]);
  },
});

export const batchNormCases: readonly KernelCases[] = [trainingCases, gradCases, fusedCases, averageCases];
