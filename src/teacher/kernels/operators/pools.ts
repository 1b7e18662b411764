import * as tf from '../../../runtime/tf.ts';
import { int, ints, type Operator, type Operators, runKernel, type StepCall, unsupported } from '../call.ts';
import { explicit, roundingOf, type Windows, windowsOf } from '../windows.ts';
import { imageOf, imageValue } from './convolutions.ts';

const pool =
  (kernelName: string): Operator =>
  (call) => {
    const x = call.value(0);
    const windows = windowsOf(call, call.shape(0), ints(call, 'kernel_shape') ?? []);
    if (windows.dilations.some((step) => step !== 1)) throw unsupported(call, 'it is dilated');
    if ((call.step.node.output[1] ?? '') !== '') throw unsupported(call, 'it gives where its maxima lie');
    let image: tf.Tensor = imageOf(x);
    let pad = explicit(windows);
    const isPadded = windows.pads.some((side) => side > 0);
    if (kernelName === tf.AvgPool && isPadded && int(call, 'count_include_pad', 0) === 1) {
      image = tf.pad(image, pad);
      pad = explicit({ ...windows, pads: [0, 0, 0, 0] });
    }
    requireWindowsInside(call, windows);
    const attrs = {
      filterSize: [...windows.size],
      strides: [...windows.strides],
      pad,
      dimRoundingMode: roundingOf(call),
    };
    return imageValue(runKernel(kernelName, { x: image }, attrs), x.order.length);
  };

/** With lengths rounded up, ONNX omits a last window that would begin after the image. */
function requireWindowsInside(call: StepCall, { size, strides, pads }: Windows): void {
  if (roundingOf(call) === 'floor') return;
  const [, , ...space] = call.shape(0);
  const image = space.length === 1 ? [1, ...space] : space;
  image.forEach((length, i) => {
    const [before, after] = [pads[2 * i] as number, pads[2 * i + 1] as number];
    const [reach, stride] = [size[i] as number, strides[i] as number];
    const last = Math.ceil((length + before + after - reach) / stride) * stride;
    if (last >= length + before) throw unsupported(call, 'its last window begins behind the image');
  });
}

export const POOLS: Operators = {
  MaxPool: pool(tf.MaxPool),
  AveragePool: pool(tf.AvgPool),
};
