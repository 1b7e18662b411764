import * as tf from '../../../runtime/tf.ts';
import { axesAt, front, int, needNumbers, type Operator, type Operators, unsupported } from '../call.ts';
import { heapAxes, inPlain, type LayoutValue, plainOrder, plainValue, withoutAxes } from '../layoutValue.ts';

type Reduce = (x: tf.Tensor, axes: number[]) => tf.Tensor;

/** Over axes of the model, wherever they lie. `reduce` keeps them with one element. */
const reduction =
  (reduce: Reduce): Operator =>
  (call) => {
    const value = call.value(0);
    const rank = value.order.length;
    const given = axesAt(call, 1, rank);
    const isOpen = given === undefined || given.length === 0;
    if (isOpen && int(call, 'noop_with_empty_axes', 0) === 1) return value;
    const axes = isOpen ? plainOrder(rank) : given;
    const kept: LayoutValue = { tensor: reduce(value.tensor, heapAxes(value, axes)), order: value.order };
    return int(call, 'keepdims', 1) === 1 ? kept : withoutAxes(kept, axes);
  };

const position =
  (find: (x: tf.Tensor, axis: number) => tf.Tensor): Operator =>
  (call) => {
    const x = inPlain(call.value(0));
    const axis = front(int(call, 'axis', 0), x.rank);
    if (int(call, 'select_last_index', 0) === 1) throw unsupported(call, 'it gives the last of equals');
    const found = find(x, axis);
    return plainValue(int(call, 'keepdims', 1) === 1 ? tf.expandDims(found, axis) : found);
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

export const REDUCTIONS: Operators = {
  ReduceMean: reduction((x, axes) => tf.mean(x, axes, true)),
  ReduceSum: reduction((x, axes) => tf.sum(x, axes, true)),
  ReduceMax: reduction((x, axes) => tf.max(x, axes, true)),
  ReduceMin: reduction((x, axes) => tf.min(x, axes, true)),
  ReduceProd: reduction((x, axes) => tf.prod(x, axes, true)),
  ReduceSumSquare: reduction((x, axes) => tf.sum(tf.mul(x, x), axes, true)),
  ReduceL2: reduction((x, axes) => tf.sqrt(tf.sum(tf.mul(x, x), axes, true))),
  ReduceL1: reduction((x, axes) => tf.sum(tf.abs(x), axes, true)),
  ArgMax: position((x, axis) => tf.argMax(x, axis)),
  ArgMin: position((x, axis) => tf.argMin(x, axis)),
  TopK: topK,
};
