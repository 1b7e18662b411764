import { sizeOf } from '../../core/shape.ts';
import type { Tensor, Tensor4D } from '../../runtime/tf.ts';
import { each } from '../elementwise.ts';
import { listOf, numberOf, type Operator, type Operators } from '../operator.ts';
import { type Call, dtypeAt, float, input, int, shapeAt } from '../shapes/call.ts';
import { axisOf, type Inferred, tensor } from '../shapes/tensor.ts';
import { float as attributeFloat } from '../write/graphBuilder.ts';
import type { Value } from '../write/graphValue.ts';
import { imageIn } from '../write/image.ts';
import {
  listAt,
  numberAt,
  type OperatorCall,
  plainInputs,
  plainNode,
  stored,
  type Weight,
} from '../write/operatorCall.ts';

/** Y like X, and statistics of each channel where they are asked for. */
const batchNormalization: Operator = {
  outputs: (call) => {
    const x = tensor(dtypeAt(call, 0), shapeAt(call, 0));
    const statistics = tensor(dtypeAt(call, 3) ?? dtypeAt(call, 0), shapeAt(call, 1));
    return [x, statistics, statistics, statistics, statistics];
  },
};

/** Y like X, with the mean and the inverse deviation of each row. */
export function rowNormalization(statistics: string | undefined, sumAt?: number): Operator {
  return {
    outputs: (call) => {
      const { dtype, shape } = input(call, 0);
      const axis = shape && axisOf(int(call, 'axis', -1), shape.length);
      const rows = shape !== null && typeof axis === 'number' ? shape.map((one, i) => (i < axis ? one : 1)) : null;
      const row = tensor(statistics ?? dtype, rows);
      const results: Inferred[] = [tensor(dtype, shape), row, row];
      if (sumAt !== undefined) results[sumAt] = tensor(dtype, shape);
      return results;
    },
  };
}

/** Over the axes from `axis` on, with weights of their shape, or of one element. */
const layerNormalization: Operator = {
  ...rowNormalization('float32'),
  operands: 'plain',
  read: (call) => {
    const rank = shapeAt(call, 0)?.length;
    const first = rank === undefined ? undefined : axisOf(int(call, 'axis', -1), rank);
    if (rank === undefined || first === undefined) return undefined;
    return { axes: Array.from({ length: rank - first }, (_, i) => first + i), epsilon: float(call, 'epsilon') ?? 1e-5 };
  },
  write: plainNode((call) => ({
    axis: listAt(call, 'axes')[0] ?? -1,
    epsilon: attributeFloat(numberAt(call, 'epsilon', 1e-5)),
  })),
  compute: (tf, [x, scale, bias], attributes, { layerNorm }) => {
    const [tensor, epsilon] = [x as Tensor, numberOf(attributes, 'epsilon', 1e-5)];
    const axes = [...listOf(attributes, 'axes')];
    const first = tensor.rank - axes.length;
    const features = sizeOf(tensor.shape.slice(first));
    const hasRows = [scale, bias].every((one) => one === undefined || one.size === features);
    if (hasRows && axes.every((axis, i) => axis === first + i)) {
      const row = (one: Tensor | undefined) => one && tf.reshape(one, [features]);
      const rows = tf.reshape(tensor, [tensor.size / features, features]);
      return tf.reshape(layerNorm(rows, row(scale), row(bias), epsilon), tensor.shape);
    }
    const { mean, variance } = tf.moments(tensor, axes, true);
    const normal = tf.mul(tf.sub(tensor, mean), tf.rsqrt(tf.add(variance, epsilon)));
    const scaled = scale === undefined ? normal : tf.mul(normal, scale);
    return bias === undefined ? scaled : tf.add(scaled, bias);
  },
};

/** x / √(mean(x²) + ε) · scale over the last axis. */
const rootMean: Operator = {
  ...each({}),
  operands: 'plain',
  refuse: (call) => {
    const rank = shapeAt(call, 0)?.length ?? 1;
    return axisOf(int(call, 'axis', -1), rank) === rank - 1 ? undefined : 'it runs over several axes';
  },
  attributes: { epsilon: 1e-5 },
  /** An operator of its own only since version 23. */
  write: (call) => {
    const { graph } = call;
    const [x, scale] = plainInputs(call) as [Value, Value | string | undefined];
    const output = { shape: x.shape };
    const rows = { shape: [...x.shape.slice(0, -1), 1] };
    const squares = graph.node('Mul', [x, x], output);
    const mean = graph.reduce('ReduceMean', squares, [x.shape.length - 1], rows, 'keep');
    const epsilon = graph.floats('epsilon', [], [numberAt(call, 'epsilon', 1e-5)]);
    const root = graph.node('Sqrt', [graph.node('Add', [mean, epsilon], rows)], rows);
    const normal = graph.node('Div', [x, root], output);
    return scale === undefined ? normal : graph.node('Mul', [normal, scale], output);
  },
  compute: (tf, [x, scale], attributes) => {
    const square = tf.mean(tf.square(x as Tensor), -1, true);
    const normal = tf.mul(x as Tensor, tf.rsqrt(tf.add(square, numberOf(attributes, 'epsilon', 1e-5))));
    return scale === undefined ? normal : tf.mul(normal, scale);
  },
};

/** Over space and the channels of each group; scale and bias have one entry a channel. */
function channelNormalization(read: NonNullable<Operator['read']>, refuse?: Operator['refuse']): Operator {
  return {
    ...each({}),
    operands: 'image',
    ...(refuse && { refuse }),
    read,
    write: writeGroups,
    compute: (tf, [x, scale, bias], attributes) => {
      const { shape } = x as Tensor;
      const channels = shape.at(-1) as number;
      const groups = numberOf(attributes, 'numGroups', channels);
      const space = shape.slice(1, -1);
      const isEach = groups === channels;
      const parts = isEach
        ? (x as Tensor)
        : tf.reshape(x as Tensor, [shape[0] as number, sizeOf(space), groups, channels / groups]);
      const axes = isEach ? space.map((_, i) => i + 1) : [1, 3];
      const centered = tf.sub(parts, tf.mean(parts, axes, true));
      const variance = tf.mean(tf.square(centered), axes, true);
      const normal = tf.mul(centered, tf.rsqrt(tf.add(variance, numberOf(attributes, 'epsilon', 1e-5))));
      return tf.add(tf.mul(tf.reshape(normal, shape), scale as Tensor), bias as Tensor);
    },
  };
}

/** One group a channel is ONNX's instance normalization; others are that of groups as channels, then scaled. */
function writeGroups(call: OperatorCall): Value {
  const { graph, operands } = call;
  const { x, output } = imageIn(call);
  const [scale, bias] = operands.slice(1) as [Weight, Weight];
  const channels = scale.shape[0] as number;
  const groups = numberAt(call, 'numGroups', channels);
  const epsilon = attributeFloat(numberAt(call, 'epsilon', 1e-5));
  if (groups === channels) {
    return graph.node('InstanceNormalization', [x, stored(graph, scale), stored(graph, bias)], output, { epsilon });
  }
  const [lines, ones] = [graph.ints('groups', [3], [0, groups, -1]), new Float32Array(groups).fill(1)];
  const split = graph.node('Reshape', [x, lines], { shape: [output.shape[0] ?? null, groups, null] });
  const unit = [graph.floats('ones', [groups], ones), graph.floats('zeros', [groups], new Float32Array(groups))];
  const normal = graph.node('InstanceNormalization', [split, ...unit], split, { epsilon });
  const back = graph.node('Shape', [x], { shape: [output.shape.length], dtype: 'int64' });
  const whole = graph.node('Reshape', [normal, back], output);
  const wide = [channels, ...new Array<number>(output.shape.length - 2).fill(1)];
  const scaled = graph.node('Mul', [whole, graph.floats('gamma', wide, scale.data)], output);
  return graph.node('Add', [scaled, graph.floats('beta', wide, bias.data)], output);
}

const epsilonOf = (call: Call) => float(call, 'epsilon') ?? 1e-5;

const lengthOne: Operator = {
  ...each({}),
  operands: 'along',
  attributes: { axis: -1, p: 2 },
  read: (call) => {
    const axis = axisOf(int(call, 'axis', -1), shapeAt(call, 0)?.length ?? 0);
    return axis === undefined ? undefined : { axis, p: int(call, 'p', 2) };
  },
  write: plainNode((call) => ({ axis: numberAt(call, 'axis', -1), p: numberAt(call, 'p', 2) })),
  compute: (tf, [x], attributes) => {
    const axis = numberOf(attributes, 'axis', -1);
    const isL1 = numberOf(attributes, 'p', 2) === 1;
    const sum = tf.sum(isL1 ? tf.abs(x as Tensor) : tf.square(x as Tensor), axis, true);
    return tf.div(x as Tensor, isL1 ? sum : tf.sqrt(sum));
  },
};

/** Each value by the sum of squares of its neighbours among the channels. */
const localResponse: Operator = {
  ...each({}),
  operands: 'image',
  attributes: { size: 1, alpha: 1e-4, beta: 0.75, bias: 1 },
  compute: (tf, [x], attributes) => {
    const [size, alpha] = [numberOf(attributes, 'size', 1), numberOf(attributes, 'alpha', 1e-4)];
    const [beta, bias] = [numberOf(attributes, 'beta', 0.75), numberOf(attributes, 'bias', 1)];
    return tf.localResponseNormalization(x as Tensor4D, (size - 1) / 2, bias, alpha / size, beta);
  },
};

/** Operators that bring values to one scale. */
export const normalization: Operators = {
  /** Computed along the last axis. */
  Softmax: { ...each({}), write: plainNode(() => ({ axis: -1 })), compute: (tf, [x]) => tf.softmax(x as Tensor) },
  LogSoftmax: {
    ...each({}),
    write: plainNode(() => ({ axis: -1 })),
    compute: (_tf, [x], _attributes, { logSoftmax }) => logSoftmax(x as Tensor),
  },
  Hardmax: each({}),
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  SimplifiedLayerNormalization: rowNormalization('float32'),
  RMSNormalization: rootMean,
  InstanceNormalization: channelNormalization((call) => ({ epsilon: epsilonOf(call) })),
  GroupNormalization: channelNormalization(
    (call) => ({ numGroups: int(call, 'num_groups', 1), epsilon: epsilonOf(call) }),
    (call) => (call.opset < 21 ? 'it has one scale a group, as before version 21' : undefined),
  ),
  MeanVarianceNormalization: each({}),
  LpNormalization: lengthOne,
  LRN: localResponse,
};
