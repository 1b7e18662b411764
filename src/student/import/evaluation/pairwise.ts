import type { Tensor } from '../../../runtime/tf.ts';
import type { Tf } from '../../../runtime/tfNamespace.ts';
import { type Evaluator, type EvaluatorTable, numberOf } from '../evaluation.ts';
import { truncated } from './pointwise.ts';

type Binary = (tf: Tf, a: Tensor, b: Tensor) => Tensor;

/** Of two operands, or of as many as there are, from the left. */
function binary(compute: Binary): Evaluator {
  return (tf, [first, ...others]) => others.reduce((sum, one) => compute(tf, sum, one), first as Tensor);
}

const asBool = (tf: Tf, x: Tensor) => tf.cast(x, 'bool');

/** Operators that join elements at the same place; the operands are broadcast. */
export const pairwise: EvaluatorTable = {
  add: binary((tf, a, b) => tf.add(a, b)),
  sub: binary((tf, a, b) => tf.sub(a, b)),
  mul: binary((tf, a, b) => tf.mul(a, b)),
  div: binary((tf, a, b) => tf.div(a, b)),
  sum: binary((tf, a, b) => tf.add(a, b)),
  mean: (tf, inputs) =>
    tf.div(
      inputs.reduce((sum, one) => tf.add(sum, one)),
      inputs.length,
    ),
  max: binary((tf, a, b) => tf.maximum(a, b)),
  min: binary((tf, a, b) => tf.minimum(a, b)),
  pow: (tf, [a, b], attributes) =>
    b === undefined ? power(tf, a as Tensor, numberOf(attributes, 'exponent', 1)) : tf.pow(a as Tensor, b),
  // ONNX divides floats toward zero, which it calls fmod, and whole numbers downward.
  mod: binary((tf, a, b) => (a.dtype === 'float32' ? tf.sub(a, tf.mul(b, truncated(tf, tf.div(a, b)))) : tf.mod(a, b))),
  equal: binary((tf, a, b) => tf.equal(a, b)),
  greater: binary((tf, a, b) => tf.greater(a, b)),
  greaterOrEqual: binary((tf, a, b) => tf.greaterEqual(a, b)),
  less: binary((tf, a, b) => tf.less(a, b)),
  lessOrEqual: binary((tf, a, b) => tf.lessEqual(a, b)),
  and: binary((tf, a, b) => tf.logicalAnd(asBool(tf, a), asBool(tf, b))),
  or: binary((tf, a, b) => tf.logicalOr(asBool(tf, a), asBool(tf, b))),
  xor: binary((tf, a, b) => tf.logicalXor(asBool(tf, a), asBool(tf, b))),
  where: (tf, [condition, a, b]) => choose(tf, condition as Tensor, a as Tensor, b as Tensor),
  pRelu: (tf, [x, slope]) => {
    const [above, below] = [tf.relu(x as Tensor), tf.minimum(x as Tensor, 0)];
    return tf.add(above, tf.mul(below, slope as Tensor));
  },
};

/**
 * A fixed exponent is the attribute `exponent`: tfjs would take the slope of the exponent too, which is no number where
 * a base is negative.
 */
function power(tf: Tf, base: Tensor, exponent: number): Tensor {
  if (exponent === 2) return tf.square(base);
  if (exponent === 0.5) return tf.sqrt(base);
  if (exponent === -0.5) return tf.rsqrt(base);
  if (exponent === 3) return tf.mul(tf.square(base), base);
  return tf.pow(base, exponent);
}

function choose(tf: Tf, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  const shape = [condition, a, b].reduce<number[]>(
    (sum, one) => tf.backend_util.assertAndGetBroadcastShape(sum, one.shape),
    [],
  );
  const whole = (x: Tensor) => tf.broadcastTo(x, shape);
  // Chosen by numbers: a broadcast of truth values is not there on every backend.
  return tf.where(tf.greater(whole(tf.cast(condition, 'float32')), 0), whole(a), whole(b));
}
