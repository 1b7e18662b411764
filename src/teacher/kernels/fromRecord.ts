import {
  type Attributes,
  attributesOf,
  type Compute,
  type Operator as OnnxOperator,
  operandsOf,
} from '../../onnx/operator.ts';
import { operatorOf } from '../../onnx/operators.ts';
import * as operations from '../../runtime/operations.ts';
import * as tf from '../../runtime/tf.ts';
import { type Operator, type StepCall, unsupported } from './call.ts';
import {
  aligned,
  channelsLast,
  heapAxes,
  inOrder,
  inPlain,
  type LayoutValue,
  plainValue,
  withoutAxes,
} from './layoutValue.ts';

/** Computes an operator by its record, with its tensors in their current layout; undefined if the record cannot compute it. */
export function fromRecord(domain: string, name: string): Operator | undefined {
  const operator = operatorOf(domain, name);
  const isComputed = operator?.compute !== undefined || operator?.computeAll !== undefined;
  return isComputed && operator.operands !== undefined ? (call) => computed(operator, call) : undefined;
}

/** Computes a record from tensors that the engine has arranged. */
export function compute(
  name: string,
  inputs: readonly (tf.Tensor | undefined)[],
  attributes: Attributes = {},
): tf.Tensor {
  const operator = operatorOf('', name) as Required<OnnxOperator>;
  return operator.compute(tf, inputs as tf.Tensor[], attributes, operations);
}

/** Computes a node by its record. Throws    unsupported-operator: a node that the record does not cover */
export function computed(operator: OnnxOperator, call: StepCall): LayoutValue | readonly LayoutValue[] {
  const attributes = readAttributes(operator, call);
  const runWith = (own: Attributes, ...inputs: (tf.Tensor | undefined)[]) =>
    (operator as Required<OnnxOperator>).compute(tf, inputs as tf.Tensor[], own, operations);
  const run = (...inputs: (tf.Tensor | undefined)[]) => runWith(attributes, ...inputs);
  const isRead = (i: number) => call.has(i) && operator.reads?.includes(i) !== false;
  const given = call.step.node.input.map((_, i) => (isRead(i) ? call.value(i) : undefined));
  const [first] = given as [LayoutValue];
  switch (operandsOf(operator, call.onnx)) {
    case 'each':
      return { tensor: run(first.tensor), order: first.order };
    case 'broadcast': {
      const { tensors, order } = aligned(given as LayoutValue[]);
      return { tensor: run(...tensors), order };
    }
    case 'along':
      return along(operator, first, attributes);
    case 'byAxis': {
      const places = Object.entries(attributes).map(([name, value]) => [name, byAxis(value, first.order)]);
      return { tensor: runWith(Object.fromEntries(places), first.tensor), order: first.order };
    }
    case 'image': {
      const order = channelsLast(first.order.length);
      const others = given.slice(1).map((one) => one && inPlain(one));
      return { tensor: run(inOrder(first, order), ...others), order };
    }
    default:
      return plainValue(run(...given.map((one) => one && inPlain(one))));
  }
}

/** Throws    unsupported-operator: a node that is not covered, or attributes that depend on the data */
export function readAttributes(operator: OnnxOperator, call: StepCall): Attributes {
  const why = operator.refuse?.(call.onnx);
  if (why !== undefined) throw unsupported(call, why);
  const attributes = attributesOf(operator, call.onnx);
  if (attributes === undefined) throw unsupported(call, 'its attributes depend on the data');
  return attributes;
}

/** Over axes of the model, in any layout. */
function along(
  { compute, computeAll }: OnnxOperator,
  value: LayoutValue,
  attributes: Attributes,
): LayoutValue | readonly LayoutValue[] {
  const { axes, axis, keepdims } = attributes as { axes?: readonly number[]; axis?: number; keepdims?: number };
  if (axes?.length === 0) return value;
  const places = {
    ...(axes && { axes: heapAxes(value, axes), keepdims: 1 }),
    ...(axis !== undefined && { axis: value.order.indexOf(axis) }),
  };
  const given = [tf, [value.tensor], { ...attributes, ...places }, operations] as const;
  if (computeAll !== undefined) return computeAll(...given).map((one) => ({ tensor: one, order: value.order }));
  const tensor = (compute as Compute)(...given);
  const kept = { tensor, order: value.order };
  return axes === undefined || keepdims === 1 ? kept : withoutAxes(kept, axes);
}

/** A list with an entry, or a pair, per axis of the model, in the tensor's axis order. */
function byAxis(value: Attributes[string] | undefined, order: readonly number[]): Attributes[string] | undefined {
  if (!Array.isArray(value)) return value;
  const each = value.length / order.length;
  return order.flatMap((axis) => value.slice(axis * each, axis * each + each));
}
