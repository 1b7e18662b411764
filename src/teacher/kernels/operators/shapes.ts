import * as tf from '../../../runtime/tf.ts';
import { axesAt, front, int, ints, needNumbers, type Operator, type Operators, text } from '../call.ts';
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

/** A reshape that only joins axes which lie side by side in order, or adds and removes axes of one, copies nothing. */
function mergedOrSplit(value: LayoutValue, from: readonly number[], to: readonly number[]): LayoutValue | undefined {
  // Each new axis as the run of old axes that it joins.
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

const flatten: Operator = (call) => {
  const x = inPlain(call.value(0));
  const axis = front(int(call, 'axis', 1), x.rank);
  const rows = x.shape.slice(0, axis).reduce((size, length) => size * length, 1);
  return plainValue(x.reshape([rows, x.size / rows]));
};

const expand: Operator = (call) => {
  const x = inPlain(call.value(0));
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(x.shape, [...needNumbers(call, 1)]);
  const full = x.reshape([...shape.slice(x.rank).map(() => 1), ...x.shape]);
  const reps = shape.map((length, i) => length / (full.shape[i] as number));
  return plainValue(reps.every((count) => count === 1) ? full : tf.tile(full, reps));
};

const tile: Operator = (call) => plainValue(tf.tile(inPlain(call.value(0)), [...needNumbers(call, 1)]));

const concat: Operator = (call) => {
  const values = call.step.inputs.map((_, i) => call.value(i));
  const [largest] = [...values].sort((a, b) => b.tensor.size - a.tensor.size);
  const { order } = largest as LayoutValue;
  const [axis = 0] = heapAxes(largest as LayoutValue, [front(int(call, 'axis', 0), order.length)]);
  return {
    tensor: tf.concat(
      values.map((value) => inOrder(value, order)),
      axis,
    ),
    order,
  };
};

const shapeOfInput: Operator = (call) => plainValue(tf.tensor1d(call.shape(0), 'int32'));

const constantOfShape: Operator = (call) => {
  const value = call.step.node.attribute.find(({ name }) => name === 'value')?.t;
  const isInt = value !== undefined && value.dataType !== 1;
  const raw = value?.floatData[0] ?? value?.int32Data[0] ?? Number(value?.int64Data[0] ?? 0n);
  const bytes = value?.rawData;
  let filler = raw;
  if (bytes !== undefined && bytes.byteLength >= 4) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    filler = isInt ? view.getInt32(0, true) : view.getFloat32(0, true);
  }
  return plainValue(tf.fill([...needNumbers(call, 0)], filler, isInt ? 'int32' : 'float32'));
};

const depthToSpace: Operator = (call) => {
  const x = inPlain(call.value(0));
  const block = int(call, 'blocksize', 1);
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const inner = channels / block ** 2;
  // Lines of neighbouring channels stay together, so that five axes are enough.
  const cut =
    text(call, 'mode', 'DCR') === 'CRD'
      ? [batch * inner, block, block, height, width]
      : [batch, block, block, inner * height, width];
  const turned = tf.transpose(x.reshape(cut), [0, 3, 1, 4, 2]);
  return plainValue(turned.reshape([batch, inner, height * block, width * block]));
};

export const SHAPES: Operators = {
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Shape: shapeOfInput,
  ConstantOfShape: constantOfShape,
  DepthToSpace: depthToSpace,
};
