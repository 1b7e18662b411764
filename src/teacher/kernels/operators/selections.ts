import * as tf from '../../../runtime/tf.ts';
import { axisOf, front, int, ints, needNumbers, type Operator, type Operators } from '../call.ts';
import { heapAxes, inPlain, plainOrder, shapeOf } from '../layoutValue.ts';

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

export const SELECTIONS: Operators = { Split: split, TopK: topK };
