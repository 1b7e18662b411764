import { operatorOf } from '../../../onnx/operators.ts';
import { float, int } from '../../../onnx/shapes/call.ts';
import type { Builder, Constant, OperatorTable, Step, Value } from '../operator.ts';
import { frontAxis, lengthsAt, outputShape, refuseComputed, refuseUnknown, shortest, withLast } from '../placing.ts';

function refuseWeights(step: Step, from: number): string | undefined {
  const unknown = refuseUnknown(step);
  const computed = step.inputs.findIndex((one, i) => i >= from && one !== undefined && step.constant(i) === undefined);
  return unknown ?? (computed < 0 ? undefined : refuseComputed(step, computed, 'weights'));
}

/** The tensor with an axis last, and its value. */
function lastly(step: Step, builder: Builder, axis: number) {
  const value = builder.value(step, 0);
  const isHeld = value.axes.at(-1) === axis;
  const axes = isHeld ? value.axes : withLast(value, axis);
  return { x: builder.arrange(value, axes), axes, rank: value.rank };
}

function channelOperator(operator: string, groups: (step: Step) => number): OperatorTable[string] {
  return {
    refuse: (step) => refuseWeights(step, 1),
    build(step, builder) {
      const { x, axes, rank } = lastly(step, builder, 1);
      const [scale, bias] = [step.constant(1), step.constant(2)] as [Constant, Constant];
      const channels = x.shape.at(-1) as number;
      const attributes = { numGroups: groups(step) || channels, epsilon: shortest(float(step, 'epsilon') ?? 1e-5) };
      // One entry per group before version 21.
      const operands = [x, { weight: repeated(scale, channels) }, { weight: repeated(bias, channels) }];
      const shape = lengthsAt(outputShape(step), axes);
      return [{ tensor: builder.operate(step, { operator, operands, attributes, shape }), axes, rank }];
    },
  };
}

function repeated(weight: Constant, channels: number): Constant {
  const times = channels / weight.data.length;
  if (times === 1) return { ...weight, shape: [channels] };
  const data = Float32Array.from({ length: channels }, (_, i) => weight.data[Math.floor(i / times)] as number);
  return { ...weight, shape: [channels], data };
}

/** Operators that normalise. */
export const normalization: OperatorTable = {
  BatchNormalization: {
    refuse(step) {
      const isTraining = step.node.output.slice(1).some((name) => name !== '') && int(step, 'training_mode', 0) === 1;
      if ((step.inputs[0]?.shape?.length ?? 0) > 4) return 'it runs over three axes of space';
      return refuseWeights(step, 1) ?? (isTraining ? 'it gives the statistics of training' : undefined);
    },
    build(step, builder) {
      const { tf, apply, name } = builder;
      const { x, axes, rank } = lastly(step, builder, 1);
      const weights = [1, 2, 3, 4].map((i) => step.constant(i) as Constant);
      const layer = tf.layers.batchNormalization({
        epsilon: shortest(float(step, 'epsilon') ?? 1e-5),
        momentum: shortest(float(step, 'momentum') ?? 0.9),
        name: name(step, weights[0]),
      });
      return [
        {
          tensor: apply(
            layer,
            x,
            weights.map(({ data }) => data),
          ),
          axes,
          rank,
        },
      ];
    },
  },
  LayerNormalization: {
    refuse(step) {
      const isMore = step.node.output.slice(1).some((name) => name !== '');
      return refuseWeights(step, 1) ?? (isMore ? 'it gives its statistics' : undefined);
    },
    build: (step, builder) => [layerNormalized(step, builder)],
  },
  InstanceNormalization: channelOperator('groupNormalization', () => 0),
  GroupNormalization: channelOperator('groupNormalization', (step) => int(step, 'num_groups', 1)),
  RMSNormalization: {
    refuse: (step) => refuseWeights(step, 1) ?? operatorOf('', 'RMSNormalization')?.refuse?.(step),
    build(step, builder) {
      const { x, axes, rank } = lastly(step, builder, (step.inputs[0]?.shape?.length ?? 1) - 1);
      const attributes = { epsilon: shortest(float(step, 'epsilon') ?? 1e-5) };
      const operands = [x, { weight: step.constant(1) as Constant }];
      return [
        {
          tensor: builder.operate(step, { operator: 'rmsNormalization', operands, attributes, shape: x.shape }),
          axes,
          rank,
        },
      ];
    },
  },
};

function layerNormalized(step: Step, builder: Builder): Value {
  const { tf, apply, name } = builder;
  const rank = step.inputs[0]?.shape?.length ?? 1;
  const first = frontAxis(int(step, 'axis', -1), rank);
  const [scale, bias] = [step.constant(1) as Constant, step.constant(2)];
  const epsilon = shortest(float(step, 'epsilon') ?? 1e-5);
  // A free length has a gain of one element, which the layer does not take.
  if (first === rank - 1 && scale.data.length === step.inputs[0]?.shape?.[first]) {
    const { x, axes } = lastly(step, builder, first);
    const layer = tf.layers.layerNormalization({ epsilon, center: bias !== undefined, name: name(step, scale) });
    return { tensor: apply(layer, x, [scale.data, ...(bias ? [bias.data] : [])]), axes, rank };
  }
  const axes = Array.from({ length: rank }, (_, i) => i);
  const x = builder.arrange(builder.value(step, 0), axes);
  const operands = [x, { weight: scale }, ...(bias ? [{ weight: bias }] : [])];
  const attributes = { axes: axes.slice(first), epsilon };
  return {
    tensor: builder.operate(step, { operator: 'layerNormalization', operands, attributes, shape: x.shape }),
    axes,
    rank,
  };
}
