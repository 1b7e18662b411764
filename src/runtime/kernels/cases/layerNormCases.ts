// Random cases of layer normalisation, held against plain float64 numbers.
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
import { casesOf, type KernelCases } from './randomCases.ts';

interface LayerNormAttrs extends RowsAttrs {
  readonly epsilon: number;
  /** Added to x: so far from zero do its values lie. */
  readonly distance: number;
}

/** The kernel of the gradient takes rows of 2¹⁵ values at most. */
const attrs: fc.Arbitrary<LayerNormAttrs> = fc
  .record({
    size: matrixAttrs,
    epsilon: fc.constantFrom(1e-3, 1e-5, 0.1),
    distance: fc.constantFrom(0, 0, 10, -1000),
  })
  .map(({ size, ...rest }) => ({ ...size, ...rest }))
  .filter(({ columns }) => columns <= 2 ** 15);

/** Results are about one large, and both sides read the same floats: a few hundred roundings. */
const depth = () => 200;
const isFallback = () => true;

function plainCall(
  { rows, columns, epsilon }: LayerNormAttrs,
  ...tensors: [tf.Tensor, tf.Tensor, tf.Tensor]
): PlainCall {
  const [x, gamma, beta] = tensors.map((tensor) => tensor.dataSync()) as [Float32Array, Float32Array, Float32Array];
  const groupOf = (i: number) => Math.floor(i / columns);
  return { x, gamma, beta, epsilon, groups: rows, groupOf, featureOf: (i) => i % columns };
}

/** Mean and inverse standard deviation of each row, as the forward pass leaves them. */
function plainStatistics({ mean, variance }: ReturnType<typeof plainNorm>, epsilon: number): tf.Tensor {
  const pairs = mean.flatMap((value, row) => [value, 1 / Math.sqrt((variance[row] as number) + epsilon)]);
  return tf.tensor2d(pairs, [mean.length, 2]);
}

const forwardCases = casesOf<LayerNormAttrs>({
  kernelName: 'LayerNorm',
  attrs,
  inputShapes: ({ rows, columns }) => [[rows, columns], [columns], [columns]],
  depth,
  isFallback,
  run({ epsilon, distance }, [x, gamma, beta]) {
    const far = tf.add(x, distance);
    const [y] = tf.engine().runKernel('LayerNorm', { x: far, gamma, beta }, { epsilon }) as unknown as [tf.Tensor];
    return y;
  },
  reference(of, [x, gamma, beta]) {
    return tf.tensor(plainNorm(plainCall(of, tf.add(x, of.distance), gamma, beta)).y, x.shape);
  },
});

const gradCases = casesOf<LayerNormAttrs>({
  kernelName: 'LayerNormGrad',
  // The kernel is given the mean in float32, so a mean far from zero is rounded by more than the distances from it.
  attrs: attrs.map((of) => ({ ...of, distance: of.distance / 100 })),
  inputShapes: ({ rows, columns }) => [[rows, columns], [rows, columns], [columns]],
  depth,
  isFallback,
  run(of, [nearby, dy, gamma]) {
    const x = tf.add(nearby, of.distance);
    const statistics = plainStatistics(plainNorm(plainCall(of, x, gamma, gamma)), of.epsilon);
    const outputs = tf.engine().runKernel('LayerNormGrad', { dy, x, gamma, statistics });
    const [dx, dGamma, dBeta] = outputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    const inverses = tf.slice(statistics, [0, 1], [of.rows, 1]);
    return flattened([tf.div(dx, inverses), 1], [dGamma, of.rows], [dBeta, of.rows]);
  },
  reference(of, [nearby, dy, gamma]) {
    const call = plainCall(of, tf.add(nearby, of.distance), gamma, gamma);
    const none = new Float32Array(of.rows);
    const { dx, dGamma, dBeta } = plainNormGrad(call, { dy: dy.dataSync(), dMean: none, dVariance: none });
    const inverses = tf.slice(plainStatistics(plainNorm(call), of.epsilon), [0, 1], [of.rows, 1]);
    const whole = tf.div(tf.tensor(dx, nearby.shape), inverses);
    return flattened([whole, 1], [tf.tensor(dGamma), of.rows], [tf.tensor(dBeta), of.rows]);
  },
});

export const layerNormCases: readonly KernelCases[] = [forwardCases, gradCases];
