import * as tf from '../../../runtime/tf.ts';
import {
  axisOf,
  float,
  front,
  int,
  ints,
  needNumbers,
  type Operator,
  type Operators,
  text,
  unsupported,
} from '../call.ts';
import { heapAxes, inPlain, plainOrder, plainValue, shapeOf } from '../layoutValue.ts';

const slice: Operator = (call) => {
  const value = call.value(0);
  const shape = shapeOf(value);
  const rank = shape.length;
  const starts = ints(call, 'starts') ?? needNumbers(call, 1);
  const ends = ints(call, 'ends') ?? needNumbers(call, 2);
  const axes = ints(call, 'axes') ?? (call.has(3) ? needNumbers(call, 3) : plainOrder(starts.length));
  const steps = call.has(4) ? needNumbers(call, 4) : axes.map(() => 1);
  const begin = shape.map(() => 0);
  const size = [...shape];
  let isStepped = false;
  const picks = new Map<number, number[]>();
  axes.forEach((given, i) => {
    const axis = front(given, rank);
    const length = shape[axis] as number;
    const step = steps[i] as number;
    const clip = (position: number, low: number, high: number) =>
      Math.min(Math.max(position < 0 ? position + length : position, low), high);
    if (step === 1) {
      const first = clip(starts[i] as number, 0, length);
      begin[axis] = first;
      size[axis] = Math.max(0, clip(ends[i] as number, 0, length) - first);
      return;
    }
    isStepped = true;
    const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
    const first = clip(starts[i] as number, step > 0 ? 0 : -1, high);
    const last = clip(ends[i] as number, low, high);
    const found: number[] = [];
    for (let at = first; step > 0 ? at < last : at > last; at += step) found.push(at);
    picks.set(axis, found);
  });
  const at = (numbers: readonly number[]) => value.order.map((axis) => numbers[axis] as number);
  let tensor = tf.slice(value.tensor, at(begin), at(size));
  if (isStepped) {
    for (const [axis, found] of picks)
      tensor = tf.gather(tensor, tf.tensor1d(found, 'int32'), heapAxes(value, [axis])[0]);
  }
  return { tensor, order: value.order };
};

const split: Operator = (call) => {
  const value = call.value(0);
  const axis = axisOf(call, 0);
  const length = shapeOf(value)[axis] as number;
  const given = ints(call, 'split') ?? (call.has(1) ? needNumbers(call, 1) : undefined);
  const parts = call.step.outputs.length;
  const even = Math.ceil(length / parts);
  const sizes = given ?? Array.from({ length: parts }, (_, i) => Math.min(even, length - i * even));
  const [at = 0] = heapAxes(value, [axis]);
  return tf.split(value.tensor, [...sizes], at).map((tensor) => ({ tensor, order: value.order }));
};

const gather: Operator = (call) => {
  const x = inPlain(call.value(0));
  const axis = front(int(call, 'axis', 0), x.rank);
  const length = x.shape[axis] as number;
  const known = call.numbers(1);
  const shape = call.shape(1);
  if (known !== undefined) {
    const found = known.map((index) => front(index, length));
    const run = found.every((index, i) => index === (found[0] as number) + i);
    const rest = [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)];
    if (run) {
      const begin = x.shape.map((_, i) => (i === axis ? (found[0] as number) : 0));
      const size = x.shape.map((one, i) => (i === axis ? found.length : one));
      return plainValue(tf.slice(x, begin, size).reshape(rest));
    }
    return plainValue(tf.gather(x, tf.tensor1d(found, 'int32'), axis).reshape(rest));
  }
  const indices = inPlain(call.value(1)).cast('int32');
  // Below zero they count from the end.
  const places = tf.where(tf.less(indices, 0), tf.add(indices, tf.scalar(length, 'int32')), indices);
  return plainValue(tf.gather(x, places as tf.Tensor1D, axis));
};

const pad: Operator = (call) => {
  const value = call.value(0);
  const rank = value.order.length;
  const mode = text(call, 'mode', 'constant');
  const given = ints(call, 'pads') ?? needNumbers(call, 1);
  const axes = call.has(3) ? needNumbers(call, 3).map((axis) => front(axis, rank)) : plainOrder(rank);
  const [filler = 0] = call.has(2) ? needNumbers(call, 2) : [float(call, 'value', 0)];
  const pads = plainOrder(rank).map((axis): [number, number] => {
    const i = axes.indexOf(axis);
    return i < 0 ? [0, 0] : [given[i] as number, given[i + axes.length] as number];
  });
  const own = value.order.map((axis) => pads[axis] as [number, number]);
  if (mode === 'reflect') return { tensor: tf.mirrorPad(value.tensor, own, 'reflect'), order: value.order };
  if (mode !== 'constant') throw unsupported(call, `its mode is ${mode}`);
  const cut = (pair: [number, number]) => pair.some((side) => side < 0);
  if (own.some(cut)) throw unsupported(call, 'it cuts');
  return { tensor: tf.pad(value.tensor, own, filler), order: value.order };
};

const topK: Operator = (call) => {
  const x = inPlain(call.value(0));
  const axis = front(int(call, 'axis', -1), x.rank);
  const [k = 1] = call.has(1) ? needNumbers(call, 1) : [int(call, 'k', 1)];
  const order = plainOrder(x.rank).filter((one) => one !== axis);
  const last = axis === x.rank - 1 ? x : tf.transpose(x, [...order, axis]);
  const sign = int(call, 'largest', 1) === 1 ? 1 : -1;
  const { values, indices } = tf.topk(sign === 1 ? last : tf.neg(last), k);
  const back = [...order, axis];
  return [sign === 1 ? values : tf.neg(values), indices].map((tensor) => ({ tensor, order: back }));
};

export const SELECTIONS: Operators = { TopK: topK, Slice: slice, Split: split, Gather: gather, Pad: pad };
