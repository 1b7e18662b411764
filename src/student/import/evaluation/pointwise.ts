import { gelu } from '../../../runtime/ops/gelu.ts';
import { hardSwish } from '../../../runtime/ops/hardSwish.ts';
import type { Tensor } from '../../../runtime/tf.ts';
import type { Tf } from '../../../runtime/tfNamespace.ts';
import { type Attributes, type Evaluator, type EvaluatorTable, numberOf, wordOf } from '../evaluation.ts';

type Unary = (tf: Tf, x: Tensor, attributes: Attributes) => Tensor;

function unary(compute: Unary): Evaluator {
  return (tf, [x], attributes) => compute(tf, x as Tensor, attributes);
}

/** Operators that look at each element alone. */
export const pointwise: EvaluatorTable = {
  identity: unary((tf, x) => tf.clone(x)),
  abs: unary((tf, x) => tf.abs(x)),
  neg: unary((tf, x) => tf.neg(x)),
  exp: unary((tf, x) => tf.exp(x)),
  log: unary((tf, x) => tf.log(x)),
  sqrt: unary((tf, x) => tf.sqrt(x)),
  reciprocal: unary((tf, x) => tf.reciprocal(x)),
  erf: unary((tf, x) => tf.erf(x)),
  floor: unary((tf, x) => tf.floor(x)),
  ceil: unary((tf, x) => tf.ceil(x)),
  round: unary((tf, x) => tf.round(x)),
  sign: unary((tf, x) => tf.sign(x)),
  sin: unary((tf, x) => tf.sin(x)),
  cos: unary((tf, x) => tf.cos(x)),
  tan: unary((tf, x) => tf.tan(x)),
  asin: unary((tf, x) => tf.asin(x)),
  acos: unary((tf, x) => tf.acos(x)),
  atan: unary((tf, x) => tf.atan(x)),
  sinh: unary((tf, x) => tf.sinh(x)),
  cosh: unary((tf, x) => tf.cosh(x)),
  asinh: unary((tf, x) => tf.asinh(x)),
  acosh: unary((tf, x) => tf.acosh(x)),
  atanh: unary((tf, x) => tf.atanh(x)),
  not: unary((tf, x) => tf.logicalNot(tf.cast(x, 'bool'))),
  relu: unary((tf, x) => tf.relu(x)),
  sigmoid: unary((tf, x) => tf.sigmoid(x)),
  tanh: unary((tf, x) => tf.tanh(x)),
  hardSwish: unary((_, x) => hardSwish(x)),
  gelu: unary((_, x, attributes) => gelu(x, wordOf(attributes, 'approximate', 'none') === 'tanh' ? 'tanh' : 'erf')),
  swish: unary((tf, x, attributes) => tf.mul(x, tf.sigmoid(tf.mul(x, numberOf(attributes, 'alpha', 1))))),
  mish: unary((tf, x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  leakyRelu: unary((tf, x, attributes) => tf.leakyRelu(x, numberOf(attributes, 'alpha', 0.01))),
  hardSigmoid: unary((tf, x, attributes) => {
    const line = tf.add(tf.mul(x, numberOf(attributes, 'alpha', 0.2)), numberOf(attributes, 'beta', 0.5));
    return tf.clipByValue(line, 0, 1);
  }),
  selu: unary((tf, x, attributes) => {
    const [alpha, gamma] = [numberOf(attributes, 'alpha', 1.6732632), numberOf(attributes, 'gamma', 1.050701)];
    return tf.mul(tf.where(tf.greater(x, 0), x, tf.mul(tf.expm1(tf.minimum(x, 0)), alpha)), gamma);
  }),
  elu: unary((tf, x, attributes) =>
    tf.add(tf.relu(x), tf.mul(tf.expm1(tf.minimum(x, 0)), numberOf(attributes, 'alpha', 1))),
  ),
  celu: unary((tf, x, attributes) => {
    const alpha = numberOf(attributes, 'alpha', 1);
    const below = tf.mul(tf.expm1(tf.div(tf.minimum(x, 0), alpha)), alpha);
    return tf.add(tf.relu(x), below);
  }),
  shrink: unary((tf, x, attributes) => {
    const [bias, lambd] = [numberOf(attributes, 'bias', 0), numberOf(attributes, 'lambd', 0.5)];
    const above = tf.where(tf.greater(x, lambd), tf.sub(x, bias), tf.zerosLike(x));
    return tf.where(tf.less(x, -lambd), tf.add(x, bias), above);
  }),
  clip: unary((tf, x, attributes) => {
    const [least, most] = [numberOf(attributes, 'min', -Infinity), numberOf(attributes, 'max', Infinity)];
    if (Number.isFinite(least) && Number.isFinite(most)) return tf.clipByValue(x, least, most);
    const floored = Number.isFinite(least) ? tf.maximum(x, least) : x;
    return Number.isFinite(most) ? tf.minimum(floored, most) : tf.clone(floored);
  }),
  cast: unary((tf, x, attributes) => {
    const to = wordOf(attributes, 'to', 'float32');
    return to === 'int32'
      ? tf.cast(x.dtype === 'float32' ? truncated(tf, x) : x, 'int32')
      : tf.cast(x, to as 'float32');
  }),
};

/** ONNX cuts toward zero; a backend's own cast may not. */
export function truncated(tf: Tf, x: Tensor): Tensor {
  return tf.where(tf.less(x, 0), tf.ceil(x), tf.floor(x));
}
