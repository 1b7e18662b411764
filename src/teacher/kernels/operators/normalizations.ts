import { layerNorm } from '../../../runtime/ops/layerNorm.ts';
import * as tf from '../../../runtime/tf.ts';
import { axisOf, float, int, type Operator, type Operators, runKernel } from '../call.ts';
import { channelsLast, heapAxes, inOrder, inPlain, type LayoutValue, plainOrder, plainValue } from '../layoutValue.ts';

/** With the statistics of training, over the channels. */
const batchNorm: Operator = (call) => {
  const value = call.value(0);
  const order = channelsLast(value.order.length);
  const epsilon = float(call, 'epsilon', 1e-5);
  const row = (index: number) => call.value(index).tensor;
  // As a factor and a summand for each channel, which tfjs's own kernel would make at every call.
  const factor = call.kept('factor', () => tf.div(row(1), tf.sqrt(tf.add(row(4), epsilon))));
  const summand = call.kept('summand', () => tf.sub(row(2), tf.mul(row(3), factor)));
  return { tensor: tf.add(tf.mul(inOrder(value, order), factor), summand), order };
};

/** Over the last axes of the model, from `axis` on. */
const layerNormalization: Operator = (call) => {
  const x = inPlain(call.value(0));
  const axis = call.step.epsilon === undefined ? axisOf(call, -1) : x.rank - 1;
  const features = x.shape.slice(axis).reduce((size, length) => size * length, 1);
  const row = (index: number) => (call.has(index) ? inPlain(call.value(index)).reshape([features]) : undefined);
  const epsilon = call.step.epsilon ?? float(call, 'epsilon', 1e-5);
  const y = layerNorm(x.reshape([x.size / features, features]), row(1), row(2), epsilon);
  return plainValue(y.reshape(x.shape));
};

const instanceNorm: Operator = (call) => {
  const value = call.value(0);
  const order = channelsLast(value.order.length);
  const x = inOrder(value, order);
  const space = plainOrder(x.rank).slice(1, -1);
  const mean = tf.mean(x, space, true);
  const centered = tf.sub(x, mean);
  const variance = tf.mean(tf.mul(centered, centered), space, true);
  const scaled = tf.mul(
    tf.mul(centered, tf.rsqrt(tf.add(variance, float(call, 'epsilon', 1e-5)))),
    call.value(1).tensor,
  );
  return { tensor: tf.add(scaled, call.value(2).tensor), order };
};

/** Over one axis; before version 13 over all axes from it on. */
const softmax =
  (kernelName: string, attribute: string): Operator =>
  (call) => {
    const value = call.value(0);
    const rank = value.order.length;
    if (call.opset >= 13) return along(value, axisOf(call, -1), kernelName, attribute);
    const axis = axisOf(call, 1);
    if (axis === rank - 1) return along(value, axis, kernelName, attribute);
    const x = inPlain(value);
    const columns = x.shape.slice(axis).reduce((size, length) => size * length, 1);
    const rows = runKernel(kernelName, { logits: x.reshape([x.size / columns, columns]) }, { [attribute]: 1 });
    return plainValue(rows.reshape(x.shape));
  };

function along(value: LayoutValue, axis: number, kernelName: string, attribute: string): LayoutValue {
  const rank = value.order.length;
  const [at = 0] = heapAxes(value, [axis]);
  const order = at === rank - 1 ? value.order : [...value.order.filter((one) => one !== axis), axis];
  const logits = inOrder(value, order);
  return { tensor: runKernel(kernelName, { logits }, { [attribute]: rank - 1 }), order };
}

/** Each value by the sum of squares of its neighbours among the channels. */
const localResponse: Operator = (call) => {
  const value = call.value(0);
  const order = channelsLast(4);
  const size = int(call, 'size', 1);
  const x = inOrder(value, order) as tf.Tensor4D;
  const radius = (size - 1) / 2;
  const alpha = float(call, 'alpha', 1e-4) / size;
  return {
    tensor: tf.localResponseNormalization(x, radius, float(call, 'bias', 1), alpha, float(call, 'beta', 0.75)),
    order,
  };
};

export const NORMALIZATIONS: Operators = {
  BatchNormalization: batchNorm,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNorm,
  LRN: localResponse,
  Softmax: softmax(tf.Softmax, 'dim'),
  LogSoftmax: softmax(tf.LogSoftmax, 'axis'),
};
