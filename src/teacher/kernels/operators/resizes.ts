import * as tf from '../../../runtime/tf.ts';
import { int, type Operator, type Operators, type StepCall, text, unsupported } from '../call.ts';
import { imageOf, imageValue } from './convolutions.ts';

/** Nearest by whole factors, which repeats pixels, and linear as tfjs has it. */
const resize: Operator = (call) => {
  const shape = call.shape(0);
  if (shape.length !== 4) throw unsupported(call, 'only images are resized');
  const [, , height, width] = targetOf(call, shape) as [number, number, number, number];
  const image = imageOf(call.value(0));
  const [batch, inHeight, inWidth, channels] = image.shape;
  const mode = text(call, 'mode', 'nearest');
  const transform = text(call, 'coordinate_transformation_mode', 'half_pixel');
  if (int(call, 'antialias', 0) === 1) throw unsupported(call, 'it smooths');
  if (text(call, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    throw unsupported(call, 'it keeps the aspect ratio');
  if (height === inHeight && width === inWidth) return imageValue(image, 4);
  if (mode === 'nearest' && height % inHeight === 0 && width % inWidth === 0) {
    const [down, across] = [height / inHeight, width / inWidth];
    const rounding = text(call, 'nearest_mode', 'round_prefer_floor');
    // Pixel i comes from i / factor: rounded down, or from half-pixel centres, where rounding falls on the same pixel.
    const isRepeat =
      (transform === 'asymmetric' && rounding === 'floor') ||
      (transform === 'half_pixel' && rounding.startsWith('round'));
    if (isRepeat || call.step.op === 'Upsample') {
      const cells = image.reshape([batch * inHeight, 1, inWidth, 1, channels]);
      return imageValue(tf.tile(cells, [1, down, 1, across, 1]).reshape([batch, height, width, channels]), 4);
    }
  }
  if (transform === 'pytorch_half_pixel' && (height === 1 || width === 1)) throw unsupported(call, 'it makes a line');
  if (mode === 'linear' && (transform === 'half_pixel' || transform === 'pytorch_half_pixel')) {
    return imageValue(tf.image.resizeBilinear(image, [height, width], false, true), 4);
  }
  if (mode === 'linear' && (transform === 'align_corners' || transform === 'asymmetric')) {
    return imageValue(tf.image.resizeBilinear(image, [height, width], transform === 'align_corners', false), 4);
  }
  if (mode === 'nearest' && transform === 'asymmetric' && text(call, 'nearest_mode', '') === 'floor') {
    return imageValue(tf.image.resizeNearestNeighbor(image, [height, width]), 4);
  }
  throw unsupported(call, `it is ${mode}, ${transform}`);
};

function targetOf(call: StepCall, shape: readonly number[]): number[] {
  const isUpsample = call.step.op === 'Upsample' || call.opset < 11;
  const sizes = isUpsample ? undefined : call.numbers(3);
  if (sizes !== undefined && sizes.length === shape.length) return [...sizes];
  const scales = isUpsample ? scalesOf(call) : call.numbers(2);
  if (scales === undefined || scales.length !== shape.length) throw unsupported(call, 'its size depends on the data');
  return shape.map((length, i) => {
    const wanted = length * (scales[i] as number);
    const whole = Math.floor(wanted * (1 + 1e-6));
    // ONNX divides places by the scale, tfjs by the lengths' ratio.
    if (Math.abs(wanted - whole) > 1e-4) throw unsupported(call, 'its scale gives no whole length');
    return whole;
  });
}

function scalesOf(call: StepCall): readonly number[] | undefined {
  return call.step.node.attribute.find(({ name }) => name === 'scales')?.floats ?? call.numbers(1);
}

export const RESIZES: Operators = { Resize: resize, Upsample: resize };
