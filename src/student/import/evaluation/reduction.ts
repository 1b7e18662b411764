import { type Compute, listOf, numberOf } from '../../../onnx/operator.ts';
import type { Tensor } from '../../../runtime/tf.ts';
import type { Tf } from '../../../runtime/tfNamespace.ts';
import type { EvaluatorTable } from '../evaluation.ts';

type Reduction = (tf: Tf, x: Tensor, axes: number[], keepsAxes: boolean) => Tensor;

function along(compute: Reduction): Compute {
  return (tf, [x], attributes) =>
    compute(tf, x as Tensor, [...listOf(attributes, 'axes')], numberOf(attributes, 'keepdims', 1) === 1);
}

/** Operators that make one number of many, along `axes`. */
export const reduction: EvaluatorTable = {
  reduceMean: along((tf, x, axes, keep) => tf.mean(x, axes, keep)),
  reduceSum: along((tf, x, axes, keep) => tf.sum(x, axes, keep)),
  reduceMax: along((tf, x, axes, keep) => tf.max(x, axes, keep)),
  reduceMin: along((tf, x, axes, keep) => tf.min(x, axes, keep)),
  reduceProd: along((tf, x, axes, keep) => tf.prod(x, axes, keep)),
  reduceL1: along((tf, x, axes, keep) => tf.sum(tf.abs(x), axes, keep)),
  reduceL2: along((tf, x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep))),
  reduceSumSquare: along((tf, x, axes, keep) => tf.sum(tf.square(x), axes, keep)),
  reduceLogSum: along((tf, x, axes, keep) => tf.log(tf.sum(x, axes, keep))),
  reduceLogSumExp: along((tf, x, axes, keep) => tf.logSumExp(x, axes, keep)),
  argMax: along((tf, x, [axis = 0], keep) => arg(tf, tf.argMax(x, axis), axis, keep)),
  argMin: along((tf, x, [axis = 0], keep) => arg(tf, tf.argMin(x, axis), axis, keep)),
  cumSum: (tf, [x], attributes) => {
    const [isExclusive, isReverse] = [
      numberOf(attributes, 'exclusive', 0) === 1,
      numberOf(attributes, 'reverse', 0) === 1,
    ];
    return tf.cumsum(x as Tensor, numberOf(attributes, 'axis', 0), isExclusive, isReverse);
  },
};

function arg(tf: Tf, found: Tensor, axis: number, keepsAxes: boolean): Tensor {
  return keepsAxes ? tf.expandDims(found, axis) : found;
}
