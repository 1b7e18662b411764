import { listOf, type Operator } from '../../../onnx/operator.ts';
import { operatorOf } from '../../../onnx/operators.ts';
import type { Builder, OperatorImport, OperatorTable, Step, Value } from '../operator.ts';
import { channelsLast, lengthsAt, outputShape, refuseUnknown } from '../placing.ts';

/** By the record, or as tfjs's own layer if it repeats pixels. */
const resizing: OperatorImport = {
  refuse: (step) => recordOf(step).refuse?.(step) ?? refuseUnknown(step),
  build: (step, builder) => [resized(step, builder)],
};

function recordOf({ node }: Step): Operator {
  return operatorOf('', node.opType) as Operator;
}

function resized(step: Step, builder: Builder): Value {
  const { tf, apply, name } = builder;
  const attributes = recordOf(step).read?.(step) ?? {};
  const scales = listOf(attributes, 'scales');
  const rank = scales.length + 2;
  const axes = channelsLast(rank);
  const x = builder.arrange(builder.value(step, 0), axes);
  const { mode, coordinates, rounding } = attributes;
  const isRepeat = mode === 'nearest' && rank === 4 && scales.every((one) => Number.isInteger(one) && one >= 1);
  const isPlain =
    (coordinates === 'asymmetric' && rounding === 'floor') ||
    (coordinates === 'halfPixel' && rounding === 'roundPreferFloor');
  if (isRepeat && isPlain) {
    const layer = tf.layers.upSampling2d({ size: scales as [number, number], name: name(step) });
    return { tensor: apply(layer, x), axes, rank };
  }
  const shape = lengthsAt(outputShape(step), axes);
  const sizes = shape.slice(1, -1).map((length) => length ?? -1);
  const own = { ...attributes, sizes };
  return { tensor: builder.operate(step, { operator: 'resize', operands: [x], attributes: own, shape }), axes, rank };
}

export const resize: OperatorTable = { Resize: resizing, Upsample: resizing };
