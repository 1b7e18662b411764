import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { each, foldEach } from '../elementwise.ts';
import { numberOf, type Operator, type Operators } from '../operator.ts';
import { type Call, dtypeAt, float, input, numbersAt, shapeAt } from '../shapes/call.ts';
import { tensor } from '../shapes/tensor.ts';
import { writeBroadcast } from '../write/elements.ts';
import type { Value } from '../write/graphValue.ts';
import { numberAt, type Write } from '../write/operatorCall.ts';

/** x where it is positive, else alpha (eˣ − 1). */
function exponential(tf: Tf, x: Tensor, alpha: number): Tensor {
  return alpha === 1 ? tf.elu(x) : tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha));
}

const SELU = { alpha: 1.6732631921768188, gamma: 1.0507010221481323 };

/** A bound of a Clip: infinite where there is none, undefined where it is computed. */
function boundOf(call: Call, index: number, name: string, none: number): number | undefined {
  return call.inputs[index] === undefined ? (float(call, name) ?? none) : numbersAt(call, index)?.[0];
}

const clip: Operator = {
  outputs: (call) => [tensor(dtypeAt(call, 0), shapeAt(call, 0))],
  fold: ([x, low, high], call) => {
    const least = low === undefined ? (float(call, 'min') ?? Number.NEGATIVE_INFINITY) : Number(low.data[0]);
    const most = high === undefined ? (float(call, 'max') ?? Number.POSITIVE_INFINITY) : Number(high.data[0]);
    return foldEach((one) => Math.min(most, Math.max(least, one)))([x], call);
  },
  read: (call) => {
    const [min, max] = [boundOf(call, 1, 'min', -Infinity), boundOf(call, 2, 'max', Infinity)];
    if (min === undefined || max === undefined) return undefined;
    // The largest float32 is no bound.
    return { ...(Math.abs(min) < 3.4e38 && { min }), ...(Math.abs(max) < 3.4e38 && { max }) };
  },
  operands: 'each',
  write: ({ graph, operands, attributes, first }) => {
    const bound = (key: string) =>
      typeof attributes[key] === 'number' ? graph.floats(key, [], [attributes[key]]) : '';
    return graph.node('Clip', [operands[0] as Value, bound('min'), bound('max')], first);
  },
  compute: (tf, [x], attributes) => {
    const { dtype } = x as Tensor;
    const [least, most] = [numberOf(attributes, 'min', -Infinity), numberOf(attributes, 'max', Infinity)];
    const [hasLeast, hasMost] = [Number.isFinite(least), Number.isFinite(most)];
    if (dtype === 'float32' && hasLeast && hasMost) return tf.clipByValue(x as Tensor, least, most);
    const bound = (value: number) => tf.scalar(value, dtype as 'float32');
    const floored = hasLeast ? tf.maximum(x as Tensor, bound(least)) : (x as Tensor);
    return hasMost ? tf.minimum(floored, bound(most)) : tf.clone(floored);
  },
};

/** Y and the mask of what stayed. */
const dropout: Operator = {
  outputs: (call) => [
    tensor(dtypeAt(call, 0), shapeAt(call, 0)),
    tensor(call.opset < 10 ? dtypeAt(call, 0) : 'bool', shapeAt(call, 0)),
  ],
};

/** Of the operators that older files know. */
const writeSwish: Write = (call) => {
  const { graph, first } = call;
  const x = call.operands[0] as Value;
  const inner = graph.node('Mul', [x, graph.floats('alpha', [], [numberAt(call, 'alpha', 1)])], first);
  return graph.node('Mul', [x, graph.node('Sigmoid', [inner], first)], first);
};

/** Functions of each element that stand between the layers of a network. */
export const activation: Operators = {
  Relu: each({ number: (x = 0) => Math.max(0, x), compute: (tf, x) => tf.relu(x) }),
  Sigmoid: each({ number: (x = 0) => 1 / (1 + Math.exp(-x)), compute: (tf, x) => tf.sigmoid(x) }),
  Tanh: each({ number: Math.tanh, compute: (tf, x) => tf.tanh(x) }),
  Softplus: each({ compute: (tf, x) => tf.softplus(x) }),
  Softsign: each({ compute: (tf, x) => tf.div(x, tf.add(tf.abs(x), 1)) }),
  HardSwish: each({ compute: (_tf, x, _attributes, { hardSwish }) => hardSwish(x) }),
  HardSigmoid: each({
    attributes: { alpha: 0.2, beta: 0.5 },
    compute: (tf, x, { alpha, beta }) => tf.clipByValue(tf.add(tf.mul(x, alpha), beta), 0, 1),
  }),
  Gelu: each({
    attributes: { approximate: 'none' },
    compute: (_tf, x, { approximate }, { gelu }) => gelu(x, approximate === 'tanh' ? 'tanh' : 'erf'),
  }),
  Swish: {
    ...each({
      attributes: { alpha: 1 },
      compute: (tf, x, { alpha }, { silu }) => (alpha === 1 ? silu(x) : tf.mul(x, tf.sigmoid(tf.mul(x, alpha)))),
    }),
    write: writeSwish,
  },
  Mish: each({ compute: (tf, x) => tf.mul(x, tf.tanh(tf.softplus(x))) }),
  LeakyRelu: each({ attributes: { alpha: 0.01 }, compute: (tf, x, { alpha }) => tf.leakyRelu(x, alpha) }),
  Elu: each({ attributes: { alpha: 1 }, compute: (tf, x, { alpha }) => exponential(tf, x, alpha) }),
  Selu: each({
    attributes: SELU,
    compute: (tf, x, { alpha, gamma }) => {
      const isUsual = Math.abs(alpha - SELU.alpha) + Math.abs(gamma - SELU.gamma) < 1e-6;
      return isUsual ? tf.selu(x) : tf.mul(exponential(tf, x, alpha), gamma);
    },
  }),
  Celu: each({
    attributes: { alpha: 1 },
    compute: (tf, x, { alpha }) => tf.add(tf.relu(x), tf.mul(tf.elu(tf.div(tf.minimum(x, 0), alpha)), alpha)),
  }),
  Shrink: each({
    attributes: { bias: 0, lambd: 0.5 },
    compute: (tf, x, { bias, lambd }) => {
      const above = tf.where(tf.greater(x, lambd), tf.sub(x, bias), tf.zerosLike(x));
      return tf.where(tf.less(x, -lambd), tf.add(x, bias), above);
    },
  }),
  PRelu: {
    outputs: (call) => [tensor(dtypeAt(call, 0), input(call, 0).shape)],
    operands: 'broadcast',
    write: writeBroadcast(),
    compute: (tf, [x, slope]) => tf.add(tf.relu(x as Tensor), tf.mul(tf.minimum(x as Tensor, 0), slope as Tensor)),
  },
  Clip: clip,
  Dropout: dropout,
  ThresholdedRelu: each({}),
  ScaledTanh: each({}),
  ParametricSoftplus: each({}),
};
