import * as tf from '../../../runtime/tf.ts';
import { axisOf, float, type Operator, type Operators } from '../call.ts';
import { compute } from '../fromRecord.ts';
import { channelsLast, heapAxes, inOrder, inPlain, type LayoutValue, plainValue } from '../layoutValue.ts';

/** With the stored statistics, over the channels. */
const batchNorm: Operator = (call) => {
  const value = call.value(0);
  const order = channelsLast(value.order.length);
  const epsilon = float(call, 'epsilon', 1e-5);
  const row = (index: number) => call.value(index).tensor;
  // As a factor and a summand per channel, which tfjs's own kernel would compute at every call.
  const factor = call.kept('factor', () => tf.div(row(1), tf.sqrt(tf.add(row(4), epsilon))));
  const summand = call.kept('summand', () => tf.sub(row(2), tf.mul(row(3), factor)));
  return { tensor: tf.add(tf.mul(inOrder(value, order), factor), summand), order };
};

/** Over one axis; before version 13 over that axis and all after it. */
const softmax =
  (name: string): Operator =>
  (call) => {
    const value = call.value(0);
    const rank = value.order.length;
    if (call.opset >= 13) return along(value, axisOf(call, -1), name);
    const axis = axisOf(call, 1);
    if (axis === rank - 1) return along(value, axis, name);
    const x = inPlain(value);
    const columns = x.shape.slice(axis).reduce((size, length) => size * length, 1);
    return plainValue(compute(name, [x.reshape([x.size / columns, columns])]).reshape(x.shape));
  };

function along(value: LayoutValue, axis: number, name: string): LayoutValue {
  const [at = 0] = heapAxes(value, [axis]);
  const isLast = at === value.order.length - 1;
  const order = isLast ? value.order : [...value.order.filter((one) => one !== axis), axis];
  return { tensor: compute(name, [inOrder(value, order)]), order };
}

export const NORMALIZATIONS: Operators = {
  BatchNormalization: batchNorm,
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
};
