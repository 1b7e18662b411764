import { type Attributes, attributesOf, listOf, numberOf, type Operator, operandsOf } from '../../onnx/operator.ts';
import { operatorOf, smallName } from '../../onnx/operators.ts';
import { joined } from './joined.ts';
import type { Builder, OperatorImport, Step, Value } from './operator.ts';
import { BATCH, complete, elementwise, lengthsAt, outputShape, refuseUnknown, shortest } from './placing.ts';
import { reduced } from './reduced.ts';

/** Operands whose axes may be in any order. */
const BY_PLACE = new Set<Operator['operands']>(['each', 'broadcast']);

/**
 * How an operator becomes one `OnnxOperator` by its record, under its own or another's name; undefined if the record does
 * not say in which layout its tensors come.
 */
export function fromRecord(name: string, layerName = name): OperatorImport | undefined {
  const operator = operatorOf('', name);
  const small = smallName(layerName);
  if (operator?.compute === undefined) return undefined;
  if (operator.operands === 'along') return along(operator, small);
  if (typeof operator.operands !== 'function' && !BY_PLACE.has(operator.operands)) return undefined;
  const each = elementwise((step, builder, x) =>
    builder.operate(step, { operator: small, operands: [x], attributes: written(operator, step), shape: x.shape }),
  );
  const broadcast = joined(small);
  const chosen = (step: Step) => (operandsOf(operator, step) === 'each' ? each : broadcast);
  return {
    refuse: (step) => operator.refuse?.(step) ?? chosen(step).refuse?.(step),
    build: (step, builder) => chosen(step).build(step, builder),
  };
}

/** The attributes of a node as a layer holds them. */
function written(operator: Operator, step: Step): Attributes {
  const given = Object.entries(attributesOf(operator, step) ?? {});
  return Object.fromEntries(given.map(([key, value]) => [key, typeof value === 'number' ? shortest(value) : value]));
}

/** Along axes of the model, which become one number each, kept or removed as the operator says. */
function along(operator: Operator, small: string): OperatorImport {
  return {
    refuse(step) {
      const [unknown, attributes] = [operator.refuse?.(step) ?? refuseUnknown(step), attributesOf(operator, step)];
      if (unknown !== undefined || attributes === undefined) return unknown ?? 'its axes are not known';
      const isMixed = axesIn(attributes).some((axis) => step.inputs[0]?.shape?.[axis] === BATCH);
      return isMixed ? 'it runs over the batch' : undefined;
    },
    build(step, builder) {
      const attributes = written(operator, step);
      if (attributes['keepdims'] === undefined) return [keptAlong(step, builder, small, attributes)];
      return [reduced(step, builder, small, axesIn(attributes), attributes['keepdims'] === 1)];
    },
  };
}

function axesIn(attributes: Attributes): readonly number[] {
  return attributes['axis'] === undefined ? listOf(attributes, 'axes') : [numberOf(attributes, 'axis', 0)];
}

function keptAlong(step: Step, builder: Builder, operator: string, attributes: Attributes): Value {
  const value = builder.value(step, 0);
  const axes = complete(value);
  const own = { ...attributes, axis: axes.indexOf(numberOf(attributes, 'axis', 0)) };
  const operands = [builder.arrange(value, axes)];
  const shape = lengthsAt(outputShape(step), axes);
  return { tensor: builder.operate(step, { operator, operands, attributes: own, shape }), axes, rank: value.rank };
}
