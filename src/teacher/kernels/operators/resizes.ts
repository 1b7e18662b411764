import { listOf, type Operator as OnnxOperator } from '../../../onnx/operator.ts';
import { operatorOf } from '../../../onnx/operators.ts';
import * as tf from '../../../runtime/tf.ts';
import type { Operator, Operators } from '../call.ts';
import { computed, readAttributes } from '../fromRecord.ts';
import { imageOf, imageValue } from './convolutions.ts';

/** 'nearest' with integer factors repeats pixels, tfjs has kernels for bilinear, and the record computes the rest. */
const resize: Operator = (call) => {
  const record = operatorOf('', call.step.op) as OnnxOperator;
  const attributes = readAttributes(record, call);
  const { mode, coordinates, rounding } = attributes as Record<string, string>;
  const [scales, sizes] = [listOf(attributes, 'scales'), listOf(attributes, 'sizes')];
  if (sizes.length !== 2) return computed(record, call);
  const image = imageOf(call.value(0));
  const [batch, inHeight, inWidth, channels] = image.shape;
  const [height, width] = sizes as [number, number];
  if (height === inHeight && width === inWidth) return imageValue(image, 4);
  // ONNX divides positions by the scale, tfjs by the ratio of the lengths.
  const isRatio = [inHeight, inWidth].every((length, i) => {
    return Math.abs(length * (scales[i] as number) - (sizes[i] as number)) <= 1e-4;
  });
  if (!isRatio) return computed(record, call);
  if (mode === 'nearest') {
    const [down, across] = [height / inHeight, width / inWidth];
    // Pixel i comes from i / factor, rounded down; with half-pixel centres, rounding gives the same pixel.
    const isDown = coordinates === 'asymmetric' && rounding === 'floor';
    const isRepeat = isDown || (coordinates === 'halfPixel' && rounding?.startsWith('round') === true);
    if (isRepeat && Number.isInteger(down) && Number.isInteger(across)) {
      const cells = image.reshape([batch * inHeight, 1, inWidth, 1, channels]);
      return imageValue(tf.tile(cells, [1, down, 1, across, 1]).reshape([batch, height, width, channels]), 4);
    }
    return isDown ? imageValue(tf.image.resizeNearestNeighbor(image, [height, width]), 4) : computed(record, call);
  }
  if (coordinates === 'pytorchHalfPixel' && (height === 1 || width === 1)) return computed(record, call);
  const [isCorners, isHalf] = [coordinates === 'alignCorners', coordinates?.endsWith('alfPixel') === true];
  return imageValue(tf.image.resizeBilinear(image, [height, width], isCorners, isHalf), 4);
};

export const RESIZES: Operators = { Resize: resize, Upsample: resize };
