import * as tf from '../../../runtime/tf.ts';
import { int, ints, type Operator, type Operators, runKernel, type StepCall, unsupported } from '../call.ts';
import { heapAxes } from '../layoutValue.ts';
import { explicit, roundingOf, windowsOf } from '../windows.ts';
import { imageOf, imageValue } from './convolutions.ts';

const pool =
  (kernelName: string): Operator =>
  (call) => {
    const x = call.value(0);
    const windows = windowsOf(call, call.shape(0), ints(call, 'kernel_shape') ?? []);
    if (windows.dilations.some((step) => step !== 1)) throw unsupported(call, 'it is dilated');
    if ((call.step.outputs[1] ?? '') !== '') throw unsupported(call, 'it gives where its maxima lie');
    let image: tf.Tensor = imageOf(x);
    let pad = explicit(windows);
    const isPadded = windows.pads.some((side) => side > 0);
    if (kernelName === tf.AvgPool && isPadded && int(call, 'count_include_pad', 0) === 1) {
      image = tf.pad(image, pad);
      pad = explicit({ ...windows, pads: [0, 0, 0, 0] });
    }
    const attrs = {
      filterSize: [...windows.size],
      strides: [...windows.strides],
      pad,
      dimRoundingMode: roundingOf(call),
    };
    return imageValue(runKernel(kernelName, { x: image }, attrs), x.order.length);
  };

const globalAverage: Operator = (call) => whole(call, (x, axes) => tf.mean(x, axes, true));
const globalMaximum: Operator = (call) => whole(call, (x, axes) => tf.max(x, axes, true));

function whole(call: StepCall, compute: (x: tf.Tensor, axes: number[]) => tf.Tensor) {
  const value = call.value(0);
  const space = value.order.filter((axis) => axis > 1);
  return { tensor: compute(value.tensor, heapAxes(value, space)), order: value.order };
}

export const POOLS: Operators = {
  MaxPool: pool(tf.MaxPool),
  AveragePool: pool(tf.AvgPool),
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMaximum,
};
