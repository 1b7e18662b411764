import * as tf from '../../../runtime/tf.ts';
import { axesAt, front, int, ints, needNumbers, type Operator, type Operators } from '../call.ts';
import { compute } from '../fromRecord.ts';
import {
  heapAxes,
  inOrder,
  inPlain,
  type LayoutValue,
  plainOrder,
  plainValue,
  shapeOf,
  withAxes,
  withoutAxes,
} from '../layoutValue.ts';

const reshape: Operator = (call) => {
  const value = call.value(0);
  const from = shapeOf(value);
  const wanted = call.opset < 5 ? (ints(call, 'shape') ?? []) : needNumbers(call, 1);
  const isZeroKept = int(call, 'allowzero', 0) === 1;
  const lengths = wanted.map((length, i) => (length === 0 && !isZeroKept ? (from[i] as number) : length));
  const known = lengths.filter((length) => length !== -1).reduce((size, length) => size * length, 1);
  const shape = lengths.map((length) => (length === -1 ? value.tensor.size / known : length));
  return mergedOrSplit(value, from, shape) ?? plainValue(inPlain(value).reshape(shape));
};

/** A reshape that only merges adjacent axes, or adds and removes axes of length 1, copies nothing. */
function mergedOrSplit(value: LayoutValue, from: readonly number[], to: readonly number[]): LayoutValue | undefined {
  // Each new axis as the run of old axes that it merges.
  const runs: number[][] = [];
  let at = 0;
  for (const length of to) {
    const run: number[] = [];
    let size = 1;
    while (at < from.length && (size < length || (size === length && from[at] === 1 && run.length > 0))) {
      if (size * (from[at] as number) > length) return undefined;
      size *= from[at] as number;
      run.push(at++);
    }
    if (size !== length) return undefined;
    runs.push(run);
  }
  while (at < from.length) {
    if (from[at] !== 1) return undefined;
    at++;
  }
  const long = value.order.filter((axis) => from[axis] !== 1);
  const order: number[] = [];
  for (let i = 0; i < long.length; ) {
    const target = runs.findIndex((run) => run.includes(long[i] as number));
    const members = (runs[target] ?? []).filter((axis) => from[axis] !== 1);
    if (target < 0 || !members.every((axis, k) => long[i + k] === axis)) return undefined;
    order.push(target);
    i += members.length;
  }
  for (let axis = 0; axis < to.length; axis++) if (!order.includes(axis)) order.push(axis);
  return { tensor: value.tensor.reshape(order.map((axis) => to[axis] as number)), order };
}

const transpose: Operator = (call) => {
  const { tensor, order } = call.value(0);
  const perm = ints(call, 'perm') ?? plainOrder(order.length).reverse();
  return { tensor, order: order.map((axis) => perm.indexOf(axis)) };
};

const squeeze: Operator = (call) => {
  const value = call.value(0);
  const shape = shapeOf(value);
  const ones = shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
  return withoutAxes(value, axesAt(call, 1, shape.length) ?? ones);
};

const unsqueeze: Operator = (call) => {
  const value = call.value(0);
  const count = (ints(call, 'axes') ?? needNumbers(call, 1)).length;
  return withAxes(value, axesAt(call, 1, value.order.length + count) ?? []);
};

const concat: Operator = (call) => {
  const values = call.step.node.input.map((_, i) => call.value(i));
  const [largest] = [...values].sort((a, b) => b.tensor.size - a.tensor.size);
  const { order } = largest as LayoutValue;
  const [axis = 0] = heapAxes(largest as LayoutValue, [front(int(call, 'axis', 0), order.length)]);
  const tensors = values.map((value) => inOrder(value, order));
  return { tensor: compute('Concat', tensors, { axis }), order };
};

const shapeOfInput: Operator = (call) => plainValue(tf.tensor1d(call.shape(0), 'int32'));

export const SHAPES: Operators = {
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Shape: shapeOfInput,
};
