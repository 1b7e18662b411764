import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { each, foldJoined, joined, joinedOutputs, ofNumbers } from '../elementwise.ts';
import { type Attributes, numberOf, type Operator, type Operators } from '../operator.ts';
import { type Call, dtypeAt, int, numbersAt } from '../shapes/call.ts';
import { plus, times } from '../shapes/tensor.ts';
import { writeBroadcast } from '../write/elements.ts';
import type { Value } from '../write/graphValue.ts';
import { numberAt } from '../write/operatorCall.ts';

/** Toward zero, as ONNX divides whole numbers. */
function wholeQuotient(tf: Tf, a: Tensor, b: Tensor): Tensor {
  return tf.cast(tf.div(tf.cast(a, 'float32'), tf.cast(b, 'float32')), 'int32');
}

/** Cut toward zero, which a backend's own cast may not do; of kernels that a plan replays. */
export function truncated(tf: Tf, x: Tensor): Tensor {
  return tf.sub(tf.floor(tf.relu(x)), tf.floor(tf.relu(tf.mul(x, -1))));
}

const quotient = joined({
  number: (a = 0, b = 1) => a / b,
  compute: (tf, a, b) => (a.dtype === 'int32' ? wholeQuotient(tf, a, b) : tf.div(a, b)),
});

const divide: Operator = {
  ...quotient,
  outputs: (call) => {
    const dtype = dtypeAt(call, 0);
    const isWhole = dtype === null || /int/.test(dtype);
    const fold = ofNumbers((a = 0, b = 1) => (isWhole ? Math.trunc(a / b) : a / b));
    return joinedOutputs(call, (a = null, b = null) => (b === 1 ? a : fold(a, b)));
  },
};

const remainder =
  (isToZero: boolean) =>
  (a = 0, b = 0) =>
    isToZero ? a % b : a - b * Math.floor(a / b);
const isToZero = (call: Call) => int(call, 'fmod', 0) === 1;

/** ONNX divides floats toward zero, which it calls fmod, and whole numbers downward or toward zero. */
const modulo: Operator = {
  ...joined({
    attributes: { fmod: 0 },
    compute: (tf, a, b, { fmod }) => {
      if (a.dtype === 'float32') return tf.sub(a, tf.mul(b, truncated(tf, tf.div(a, b))));
      return fmod === 1 ? tf.sub(a, tf.mul(b, wholeQuotient(tf, a, b))) : tf.mod(a, b);
    },
  }),
  outputs: (call) => joinedOutputs(call, ofNumbers(remainder(isToZero(call)))),
  fold: (inputs, call) => foldJoined(inputs, call, remainder(isToZero(call))),
  write: writeBroadcast({ attributes: (dtype) => ({ ...(dtype === 'float32' && { fmod: 1 }) }) }),
};

/** By hand where the exponent is one that models use. tfjs's slope of a power is no number where a base is negative. */
function power(tf: Tf, base: Tensor, exponent: number): Tensor {
  if (base.dtype !== 'float32') return tf.pow(base, tf.scalar(exponent, base.dtype as 'int32'));
  if (exponent === 1) return tf.clone(base);
  if (exponent === 2) return tf.square(base);
  if (exponent === 3) return tf.mul(tf.square(base), base);
  if (exponent === 0.5) return tf.sqrt(base);
  if (exponent === -1) return tf.div(1, base);
  if (exponent === -0.5) return tf.rsqrt(base);
  return tf.pow(base, exponent);
}

const exponentOf = (call: Call) => {
  const given = numbersAt(call, 1);
  return given?.length === 1 ? given[0] : undefined;
};

const pow: Operator = {
  ...joined({ number: (a = 0, b = 1) => a ** b }),
  operands: (call) => (exponentOf(call) === undefined ? 'broadcast' : 'each'),
  write: (call) => {
    if (call.operands.length > 1) return writeBroadcast()(call);
    const exponent = call.graph.floats('exponent', [], [numberAt(call, 'exponent', 1)]);
    return call.graph.node('Pow', [call.operands[0] as Value, exponent], call.first);
  },
  read: (call): Attributes => {
    const exponent = exponentOf(call);
    return exponent === undefined ? {} : { exponent };
  },
  compute: (tf, [a, b], attributes) =>
    b === undefined
      ? power(tf, a as Tensor, numberOf(attributes, 'exponent', 1))
      : tf.pow(a as Tensor, tf.cast(b, (a as Tensor).dtype)),
};

const add = joined({
  number: (a = 0, b = 0) => a + b,
  lengths: (a = null, b = null) => plus(a, b),
  compute: (tf, a, b) => tf.add(a, b),
});
const difference = (a = 0, b = 0) => a - b;
const roundEven = (x = 0) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** Arithmetic on elements at the same place, and functions of each element. */
export const arithmetic: Operators = {
  Add: add,
  Sub: joined({
    number: difference,
    lengths: (a = null, b = null) => (b === 0 ? a : ofNumbers(difference)(a, b)),
    compute: (tf, a, b) => tf.sub(a, b),
  }),
  Mul: joined({
    number: (a = 0, b = 0) => a * b,
    lengths: (a = null, b = null) => times(a, b),
    compute: (tf, a, b) => tf.mul(a, b),
  }),
  Div: divide,
  Mod: modulo,
  Pow: pow,
  Max: joined({ number: Math.max, compute: (tf, a, b) => tf.maximum(a, b) }),
  Min: joined({ number: Math.min, compute: (tf, a, b) => tf.minimum(a, b) }),
  Sum: { ...add, outputs: (call) => joinedOutputs(call) },
  Mean: {
    ...joined({}),
    operands: 'broadcast',
    write: writeBroadcast(),
    compute: (tf, inputs) =>
      tf.div(
        inputs.reduce((sum, one) => tf.add(sum, one)),
        inputs.length,
      ),
  },
  Abs: each({ number: Math.abs, compute: (tf, x) => tf.abs(x) }),
  Neg: each({ number: (x = 0) => -x, compute: (tf, x) => (x.dtype === 'float32' ? tf.mul(x, -1) : tf.neg(x)) }),
  Reciprocal: each({ number: (x = 1) => 1 / x, compute: (tf, x) => tf.div(1, x) }),
  Sqrt: each({ number: Math.sqrt, compute: (tf, x) => tf.sqrt(x) }),
  Exp: each({ number: Math.exp, compute: (tf, x) => tf.exp(x) }),
  Log: each({ number: Math.log, compute: (tf, x) => tf.log(x) }),
  Erf: each({ compute: (tf, x) => tf.erf(x) }),
  Floor: each({ number: Math.floor, compute: (tf, x) => tf.floor(x) }),
  Ceil: each({ number: Math.ceil, compute: (tf, x) => tf.ceil(x) }),
  Round: each({ number: roundEven, compute: (tf, x) => tf.round(x) }),
  Sign: each({ number: Math.sign, compute: (tf, x) => tf.sign(x) }),
  Sin: each({ number: Math.sin, compute: (tf, x) => tf.sin(x) }),
  Cos: each({ number: Math.cos, compute: (tf, x) => tf.cos(x) }),
  Tan: each({ compute: (tf, x) => tf.tan(x) }),
  Asin: each({ compute: (tf, x) => tf.asin(x) }),
  Acos: each({ compute: (tf, x) => tf.acos(x) }),
  Atan: each({ compute: (tf, x) => tf.atan(x) }),
  Sinh: each({ compute: (tf, x) => tf.sinh(x) }),
  Cosh: each({ compute: (tf, x) => tf.cosh(x) }),
  Asinh: each({ compute: (tf, x) => tf.asinh(x) }),
  Acosh: each({ compute: (tf, x) => tf.acosh(x) }),
  Atanh: each({ compute: (tf, x) => tf.atanh(x) }),
  Affine: each({}),
  Scale: each({}),
};
