import { float, int, text } from '../../../onnx/shapes/call.ts';
import type { SymbolicTensor } from '../../../runtime/tf.ts';
import { activationOf, boundsOf } from '../activationOf.ts';
import { fromRecord } from '../fromRecord.ts';
import { joined } from '../joined.ts';
import type { Builder, OperatorImport, OperatorTable, Step } from '../operator.ts';
import { elementwise, frontAxis, shortest, withLast } from '../placing.ts';

/** One tfjs activation, by its name there. */
function named(activation: string): OperatorImport {
  return elementwise((step, builder, x) => activate(step, builder, x, activation));
}

function activate(step: Step, { tf, apply, name }: Builder, x: SymbolicTensor, activation: string): SymbolicTensor {
  return apply(tf.layers.activation({ activation: activation as 'relu', name: name(step) }), x);
}

/** tfjs's activation if it computes the same, otherwise an operator of ours. */
function either(operator: string): OperatorImport {
  const ours = fromRecord(operator) as OperatorImport;
  return {
    build(step, builder) {
      const activation = activationOf(step);
      return activation === undefined ? ours.build(step, builder) : named(activation).build(step, builder);
    },
  };
}

function alongLast(activation: 'softmax' | 'logSoftmax'): OperatorImport {
  return {
    refuse(step) {
      const { opset } = step;
      const shape = step.inputs[0]?.shape;
      if (shape == null) return 'the number of its axes is not known';
      const axis = frontAxis(int(step, 'axis', opset < 13 ? 1 : -1), shape.length);
      const isOne = opset >= 13 || shape.slice(axis + 1).every((length) => length === 1);
      return isOne ? undefined : 'it runs over several axes at once, as operators before version 13 do';
    },
    build(step, builder) {
      const value = builder.value(step, 0);
      const axes = withLast(value, frontAxis(int(step, 'axis', step.opset < 13 ? 1 : -1), value.rank));
      const isHeld = value.shuffle === undefined && value.axes.at(-1) === axes.at(-1);
      const held = isHeld ? value.axes : axes;
      return [
        { tensor: activate(step, builder, builder.arrange(value, held), activation), axes: held, rank: value.rank },
      ];
    },
  };
}

/** One slope per element, or a computed one. */
const sloped = joined('pRelu');

/** Elementwise functions, and softmax. */
export const activations: OperatorTable = {
  Relu: named('relu'),
  Sigmoid: named('sigmoid'),
  Tanh: named('tanh'),
  Softplus: named('softplus'),
  Softsign: named('softsign'),
  Mish: named('mish'),
  HardSwish: named('hardSwish'),
  HardSigmoid: either('HardSigmoid'),
  Selu: either('Selu'),
  Swish: either('Swish'),
  Gelu: elementwise((step, builder, x) =>
    activate(step, builder, x, text(step, 'approximate', 'none') === 'tanh' ? 'gelu_new' : 'gelu'),
  ),
  Elu: either('Elu'),
  LeakyRelu: elementwise((step, { tf, apply, name }, x) =>
    apply(tf.layers.leakyReLU({ alpha: shortest(float(step, 'alpha') ?? 0.01), name: name(step) }), x),
  ),
  ThresholdedRelu: elementwise((step, { tf, apply, name }, x) =>
    apply(tf.layers.thresholdedReLU({ theta: float(step, 'alpha') ?? 1, name: name(step) }), x),
  ),
  Clip: {
    ...either('Clip'),
    refuse: (step) => (boundsOf(step) === undefined ? 'its bounds are computed, not stored' : undefined),
  },
  PRelu: {
    build(step, builder) {
      const { tf, apply, name } = builder;
      const [value, slopes] = [builder.value(step, 0), step.constant(1)];
      const channels = value.rank > 1 ? step.inputs[0]?.shape?.[1] : undefined;
      // Before version 7 a slope per channel needs no axes after it.
      const isOneEach = step.opset < 7 || slopes?.shape.at(1 - value.rank) === slopes?.data.length;
      const isChannel =
        slopes !== undefined && (slopes.data.length === 1 || (slopes.data.length === channels && isOneEach));
      if (!isChannel || typeof channels !== 'number') return sloped.build(step, builder);
      const axes = withLast(value, 1);
      const x = builder.arrange(value, axes);
      const alpha =
        slopes.data.length === channels ? slopes.data : new Float32Array(channels).fill(slopes.data[0] as number);
      const sharedAxes = axes.slice(1, -1).map((_, i) => i + 1);
      const layer = tf.layers.prelu({ sharedAxes, alphaInitializer: 'zeros', name: name(step, slopes) });
      return [{ tensor: apply(layer, x, [alpha]), axes, rank: value.rank }];
    },
  },
  Softmax: alongLast('softmax'),
  LogSoftmax: alongLast('logSoftmax'),
  Dropout: {
    refuse: (step) => ((step.node.output[1] ?? '') === '' ? undefined : 'its mask is read'),
    build(step, builder) {
      const [value, { tf, apply, name }] = [builder.value(step, 0), builder];
      const rate = step.constant(1)?.data[0] ?? float(step, 'ratio') ?? 0.5;
      if (rate === 0) return [value];
      return [{ ...value, tensor: apply(tf.layers.dropout({ rate, name: name(step) }), value.tensor) }];
    },
  },
  Identity: { build: (step, builder) => [builder.value(step, 0)] },
};
