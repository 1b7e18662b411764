// Normalisation in plain float64 numbers, by the definition; what the random cases and the tests compare with.
import fc from 'fast-check';
import * as tf from '../../tf.ts';

export interface RowsAttrs {
  readonly rows: number;
  readonly columns: number;
}

/** Around a group of 16 columns, folded rows, blocks of 64 rows and chunks of 16,384 values. */
const few = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65);
const many = fc.constantFrom(100, 127, 128, 130, 200, 256, 257, 300, 520, 1000, 1025, 5000, 8200, 20_001, 40_000);
const length = fc.oneof({ weight: 6, arbitrary: few }, { weight: 1, arbitrary: many });
const VALUE_BUDGET = 50_000;

export const matrixAttrs: fc.Arbitrary<RowsAttrs> = fc
  .record({ rows: length, columns: length })
  .filter(({ rows, columns }) => rows * columns <= VALUE_BUDGET);

/** Tensors as one flat tensor, each divided so that its values are about one large. */
export function flattened(...parts: readonly (readonly [tf.Tensor, number])[]): tf.Tensor {
  return tf.concat(parts.map(([tensor, scale]) => tf.reshape(tf.div(tensor, scale), [-1])));
}

type Numbers = ArrayLike<number>;

export interface PlainNorm {
  readonly y: number[];
  readonly mean: number[];
  readonly variance: number[];
}

/**
 * Normalises groups of values: `groupOf` tells the group of a value, `featureOf` the index of its gamma and beta. Batch
 * normalisation has a group and a feature for each column; layer normalisation a group for each row.
 */
export interface PlainCall {
  readonly x: Numbers;
  readonly gamma: Numbers;
  readonly beta: Numbers;
  readonly epsilon: number;
  readonly groups: number;
  groupOf(i: number): number;
  featureOf(i: number): number;
}

export function plainNorm({ x, gamma, beta, epsilon, groups, groupOf, featureOf }: PlainCall): PlainNorm {
  const values = Array.from(x);
  const size = values.length / groups;
  const mean = Array.from({ length: groups }, () => 0);
  const variance = [...mean];
  values.forEach((value, i) => {
    mean[groupOf(i)] = (mean[groupOf(i)] as number) + value / size;
  });
  values.forEach((value, i) => {
    const distance = value - (mean[groupOf(i)] as number);
    variance[groupOf(i)] = (variance[groupOf(i)] as number) + distance ** 2 / size;
  });
  const y = values.map((value, i) => {
    const normal = (value - (mean[groupOf(i)] as number)) / Math.sqrt((variance[groupOf(i)] as number) + epsilon);
    return normal * (gamma[featureOf(i)] as number) + (beta[featureOf(i)] as number);
  });
  return { y, mean, variance };
}

/** What reaches the outputs from above. */
export interface PlainUpper {
  readonly dy: Numbers;
  readonly dMean: Numbers;
  readonly dVariance: Numbers;
}

/** Gradients by the chain rule over the definition, step by step as it is written above. */
export function plainNormGrad(call: PlainCall, { dy, dMean, dVariance }: PlainUpper) {
  const { x, gamma, beta, epsilon, groups, groupOf, featureOf } = call;
  const { mean, variance } = plainNorm(call);
  const values = Array.from(x);
  const size = values.length / groups;
  const dGamma = Array.from(gamma, () => 0);
  const dBeta = Array.from(beta, () => 0);
  const toVariance = Array.from(dVariance);
  const toMean = Array.from(dMean);
  values.forEach((value, i) => {
    const [group, feature] = [groupOf(i), featureOf(i)];
    const [distance, spread] = [value - (mean[group] as number), (variance[group] as number) + epsilon];
    const gradient = dy[i] as number;
    const scaled = gradient * (gamma[feature] as number);
    dGamma[feature] = (dGamma[feature] as number) + (gradient * distance) / Math.sqrt(spread);
    dBeta[feature] = (dBeta[feature] as number) + gradient;
    toVariance[group] = (toVariance[group] as number) - 0.5 * scaled * distance * spread ** -1.5;
    toMean[group] = (toMean[group] as number) - scaled / Math.sqrt(spread);
  });
  const dx = values.map((value, i) => {
    const group = groupOf(i);
    const direct =
      ((dy[i] as number) * (gamma[featureOf(i)] as number)) / Math.sqrt((variance[group] as number) + epsilon);
    const distance = value - (mean[group] as number);
    return direct + (2 * distance * (toVariance[group] as number) + (toMean[group] as number)) / size;
  });
  return { dx, dGamma, dBeta };
}
