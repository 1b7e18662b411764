import { listOf, numberOf } from '../../../onnx/operator.ts';
import { layerNorm } from '../../../runtime/ops/layerNorm.ts';
import type { Tensor } from '../../../runtime/tf.ts';
import type { EvaluatorTable } from '../evaluation.ts';

/** Products, and operators that normalise. */
export const matrix: EvaluatorTable = {
  matMul: (tf, [a, b]) => tf.matMul(a as Tensor, b as Tensor),
  gemm: (tf, [a, b, c], attributes) => {
    const [isTurnedA, isTurnedB] = [numberOf(attributes, 'transA', 0) === 1, numberOf(attributes, 'transB', 0) === 1];
    const product = tf.mul(tf.matMul(a as Tensor, b as Tensor, isTurnedA, isTurnedB), numberOf(attributes, 'alpha', 1));
    return c === undefined ? product : tf.add(product, tf.mul(c, numberOf(attributes, 'beta', 1)));
  },
  softmax: (tf, [x]) => tf.softmax(x as Tensor),
  logSoftmax: (tf, [x]) => tf.logSoftmax(x as Tensor),
  /** Over the last `axes` axes, with weights of their shape. */
  layerNormalization: (tf, [x, scale, bias], attributes) => {
    const [tensor, epsilon] = [x as Tensor, numberOf(attributes, 'epsilon', 1e-5)];
    const axes = [...listOf(attributes, 'axes')];
    if (axes.length === 1 && axes[0] === tensor.rank - 1) return layerNorm(tensor, scale, bias, epsilon);
    const { mean, variance } = tf.moments(tensor, axes, true);
    const normal = tf.mul(tf.sub(tensor, mean), tf.rsqrt(tf.add(variance, epsilon)));
    const scaled = scale === undefined ? normal : tf.mul(normal, scale);
    return bias === undefined ? scaled : tf.add(scaled, bias);
  },
  rmsNormalization: (tf, [x, scale], attributes) => {
    const square = tf.mean(tf.square(x as Tensor), -1, true);
    const normal = tf.mul(x as Tensor, tf.rsqrt(tf.add(square, numberOf(attributes, 'epsilon', 1e-5))));
    return scale === undefined ? normal : tf.mul(normal, scale);
  },
  /** Channels are last; scale and bias have one entry a channel. */
  groupNormalization: (tf, [x, scale, bias], attributes) => {
    const { shape } = x as Tensor;
    const channels = shape.at(-1) as number;
    const groups = numberOf(attributes, 'numGroups', channels);
    const space = shape.slice(1, -1).reduce((product, length) => product * length, 1);
    const parts = tf.reshape(x as Tensor, [shape[0] as number, space, groups, channels / groups]);
    const { mean, variance } = tf.moments(parts, [1, 3], true);
    const normal = tf.mul(tf.sub(parts, mean), tf.rsqrt(tf.add(variance, numberOf(attributes, 'epsilon', 1e-5))));
    return tf.add(tf.mul(tf.reshape(normal, shape), scale as Tensor), bias as Tensor);
  },
  lpNormalization: (tf, [x], attributes) => {
    const axis = numberOf(attributes, 'axis', -1);
    const isL1 = numberOf(attributes, 'p', 2) === 1;
    const sum = tf.sum(isL1 ? tf.abs(x as Tensor) : tf.square(x as Tensor), axis, true);
    return tf.div(x as Tensor, isL1 ? sum : tf.sqrt(sum));
  },
};
