import * as tf from '../../../runtime/tf.ts';
import {
  float,
  int,
  needNumbers,
  type Operator,
  type Operators,
  runKernel,
  type StepCall,
  text,
  unsupported,
} from '../call.ts';
import { aligned, type LayoutValue } from '../layoutValue.ts';

/** A function of each value, in whatever order they lie. */
const each =
  (compute: (x: tf.Tensor, call: StepCall) => tf.Tensor): Operator =>
  (call) => {
    const { tensor, order } = call.value(0);
    return { tensor: compute(tensor, call), order };
  };

const kernel = (name: string): Operator => each((x) => runKernel(name, { x }));

/** A function of two, broadcast to each other. */
const pair =
  (compute: (a: tf.Tensor, b: tf.Tensor, call: StepCall) => tf.Tensor): Operator =>
  (call) => {
    const { tensors, order } = aligned([call.value(0), call.value(1)]);
    const [a, b] = tensors as [tf.Tensor, tf.Tensor];
    return { tensor: compute(a, b, call), order };
  };

/** Of any number of inputs, one after another. */
const all =
  (compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Operator =>
  (call) => {
    const { tensors, order } = aligned(call.step.inputs.map((_, i) => call.value(i)));
    const [first, ...others] = tensors as [tf.Tensor, ...tf.Tensor[]];
    return { tensor: others.reduce(compute, first), order };
  };

const curved = (name: string): Operator => each((x, { step }) => runKernel(name, { x }, { curve: step.curve }));

const clip: Operator = (call) => {
  const { tensor, order } = call.value(0);
  const limit = (index: number, name: string, fallback: number) => {
    if (!call.has(index)) return float(call, name, fallback);
    const [found] = call.numbers(index) ?? [];
    if (found === undefined) throw unsupported(call, 'its limits depend on the data');
    return found;
  };
  const low = limit(1, 'min', Number.NEGATIVE_INFINITY);
  const high = limit(2, 'max', Number.POSITIVE_INFINITY);
  if (tensor.dtype === 'float32') return { tensor: tf.clipByValue(tensor, low, high), order };
  const least = low === Number.NEGATIVE_INFINITY ? tensor : tf.maximum(tensor, tf.scalar(low, 'int32'));
  return { tensor: high === Number.POSITIVE_INFINITY ? least : tf.minimum(least, tf.scalar(high, 'int32')), order };
};

/** By hand where the power is one of those that models use. */
const power: Operator = (call) => {
  const { tensor: x, order } = call.value(0);
  const given = call.numbers(1);
  const [exponent] = given?.length === 1 ? given : [];
  if (x.dtype === 'float32') {
    if (exponent === 1) return { tensor: x, order };
    if (exponent === 2) return { tensor: tf.mul(x, x), order };
    if (exponent === 3) return { tensor: tf.mul(x, tf.mul(x, x)), order };
    if (exponent === 0.5) return { tensor: tf.sqrt(x), order };
    if (exponent === -1) return { tensor: tf.div(1, x), order };
    if (exponent === -0.5) return { tensor: tf.rsqrt(x), order };
  }
  return pair((a, b) => tf.pow(a, b.cast(a.dtype)))(call);
};

const divide = pair((a, b) => (a.dtype === 'int32' ? wholeQuotient(a, b) : tf.div(a, b)));

/** Towards zero, as ONNX divides whole numbers. */
function wholeQuotient(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.cast(tf.div(a.cast('float32'), b.cast('float32')), 'int32');
}

const where: Operator = (call) => {
  const { tensors, order } = aligned([call.value(0), call.value(1), call.value(2)]);
  const [condition, a, b] = tensors as [tf.Tensor, tf.Tensor, tf.Tensor];
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(
    tf.broadcast_util.assertAndGetBroadcastShape(condition.shape, a.shape),
    b.shape,
  );
  const wide = (x: tf.Tensor) => (tf.util.arraysEqual(x.shape, shape) ? x : tf.broadcastTo(x, shape));
  return { tensor: tf.where(wide(condition.cast('bool')), wide(a), wide(b)), order };
};

const cast: Operator = (call) => {
  const { tensor, order } = call.value(0);
  const to = int(call, 'to', 1);
  const dtype = [1, 10, 11, 16].includes(to) ? 'float32' : to === 9 ? 'bool' : to === 8 ? undefined : 'int32';
  if (dtype === undefined) throw unsupported(call, 'it makes text');
  if (to === 10 || to === 16) throw unsupported(call, 'it makes halves');
  return { tensor: tensor.dtype === dtype ? tensor : tensor.cast(dtype), order };
};

const gelu: Operator = each((x, call) =>
  runKernel(text(call, 'approximate', 'none') === 'tanh' ? 'GeluTanh' : 'Gelu', { x }),
);

/** Slopes for each channel, which broadcast from the front in old models: as the model gives them. */
const prelu: Operator = (call) => {
  const { tensors, order } = aligned([call.value(0), call.value(1)]);
  const [x, slope] = tensors as [tf.Tensor, tf.Tensor];
  return { tensor: tf.add(tf.relu(x), tf.mul(slope, tf.minimum(x, 0))), order };
};

const mod = pair((a, b, call) => {
  if (int(call, 'fmod', 0) === 0) return tf.mod(a, b);
  if (a.dtype === 'int32') return tf.sub(a, tf.mul(b, wholeQuotient(a, b)));
  return tf.sub(a, tf.mul(b, tf.cast(tf.cast(tf.div(a, b), 'int32'), a.dtype)));
});

/** What the page gives as booleans are whole numbers on the heap. */
const truth = (compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) =>
  pair((a, b) => compute(a.cast('bool'), b.cast('bool')));

const bool = (compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor) => pair((a, b) => compute(a, b));

const isNan = each((x) => tf.isNaN(x));

const dropout: Operator = (call) => {
  if (call.has(2) && needNumbers(call, 2)[0] !== 0) throw unsupported(call, 'it is to drop values, as in training');
  return call.value(0);
};

const SELU_ALPHA = 1.6732631921768188;
const SELU_GAMMA = 1.0507010221481323;

/** x where it is positive, else alpha (eˣ − 1), all times gamma. */
function exponential(x: tf.Tensor, alpha: number, gamma: number): tf.Tensor {
  const ends = alpha === 1 ? tf.elu(x) : tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha));
  return gamma === 1 ? ends : tf.mul(ends, gamma);
}

export const ELEMENTWISE: Operators = {
  Line: curved('Line'),
  Gate: curved('Gate'),
  Silu: kernel('Silu'),
  Swish: each((x, call) => {
    const alpha = float(call, 'alpha', 1);
    return alpha === 1 ? runKernel('Silu', { x }) : tf.mul(x, tf.sigmoid(tf.mul(x, alpha)));
  }),
  Relu: kernel(tf.Relu),
  Sigmoid: kernel(tf.Sigmoid),
  Tanh: kernel(tf.Tanh),
  Exp: kernel(tf.Exp),
  Sqrt: kernel(tf.Sqrt),
  Elu: each((x, call) => exponential(x, float(call, 'alpha', 1), 1)),
  Selu: each((x, call) => {
    const [alpha, gamma] = [float(call, 'alpha', SELU_ALPHA), float(call, 'gamma', SELU_GAMMA)];
    const isUsual = Math.abs(alpha - SELU_ALPHA) + Math.abs(gamma - SELU_GAMMA) < 1e-6;
    return isUsual ? tf.selu(x) : exponential(x, alpha, gamma);
  }),
  LeakyRelu: each((x, call) => tf.leakyRelu(x, float(call, 'alpha', 0.01))),
  Gelu: gelu,
  'com.microsoft.Gelu': gelu,
  Mish: each((x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  Softplus: each((x) => tf.softplus(x)),
  Softsign: each((x) => tf.div(x, tf.add(tf.abs(x), 1))),
  Abs: each((x) => tf.abs(x)),
  Neg: each((x) => (x.dtype === 'float32' ? tf.mul(x, -1) : tf.neg(x))),
  Reciprocal: each((x) => tf.div(1, x)),
  Floor: each((x) => tf.floor(x)),
  Ceil: each((x) => tf.ceil(x)),
  Round: each((x) => tf.round(x)),
  Sign: each((x) => tf.sign(x)),
  Log: each((x) => tf.log(x)),
  Sin: each((x) => tf.sin(x)),
  Cos: each((x) => tf.cos(x)),
  Erf: each((x) => tf.erf(x)),
  Not: each((x) => tf.logicalNot(x.cast('bool'))),
  IsNaN: isNan,
  Add: pair((a, b) => tf.add(a, b)),
  Sub: pair((a, b) => tf.sub(a, b)),
  Mul: pair((a, b) => tf.mul(a, b)),
  Div: divide,
  Mod: mod,
  Pow: power,
  PRelu: prelu,
  Clip: clip,
  Min: all((a, b) => tf.minimum(a, b)),
  Max: all((a, b) => tf.maximum(a, b)),
  Sum: all((a, b) => tf.add(a, b)),
  Mean: (call) => {
    const sum = all((a, b) => tf.add(a, b))(call) as LayoutValue;
    return { ...sum, tensor: tf.mul(sum.tensor, 1 / call.step.inputs.length) };
  },
  Equal: bool((a, b) => tf.equal(a, b)),
  Greater: bool((a, b) => tf.greater(a, b)),
  GreaterOrEqual: bool((a, b) => tf.greaterEqual(a, b)),
  Less: bool((a, b) => tf.less(a, b)),
  LessOrEqual: bool((a, b) => tf.lessEqual(a, b)),
  And: truth((a, b) => tf.logicalAnd(a, b)),
  Or: truth((a, b) => tf.logicalOr(a, b)),
  Xor: truth((a, b) => tf.logicalXor(a, b)),
  Where: where,
  Cast: cast,
  Identity: (call) => call.value(0),
  Dropout: dropout,
};
