import type { Tensor, Tensor3D, Tensor4D } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { type Attributes, listOf } from './operator.ts';

export type Pair = [number, number];

/** How a window moves over an image, in height and width, as `compute` gets it. */
export interface ImageWindow {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: [Pair, Pair];
  /** How much of the padding at the end is only there so that the last window is whole. */
  readonly extra: Pair;
}

/** Moves a window over an image with channels last; one axis of space is an image of height 1. */
export function asImage(
  tf: Tf,
  x: Tensor,
  compute: (image: Tensor4D, window: ImageWindow) => Tensor4D,
  attributes: Attributes,
): Tensor {
  const isLine = x.rank === 3;
  const image = isLine ? tf.expandDims(x as Tensor3D, 1) : x;
  const result = compute(image as Tensor4D, windowOf(attributes, isLine));
  return isLine ? tf.squeeze(result, [1]) : result;
}

function windowOf(attributes: Attributes, isLine: boolean): ImageWindow {
  const pair = (name: string, neutral: number): Pair => {
    const list = listOf(attributes, name);
    return isLine ? [neutral, list[0] ?? neutral] : [list[0] ?? neutral, list[1] ?? neutral];
  };
  const pads = listOf(attributes, 'pads');
  const last: Pair = [pads[0] ?? 0, pads[1] ?? 0];
  return {
    kernel: pair('kernelShape', 1),
    strides: pair('strides', 1),
    dilations: pair('dilations', 1),
    pads: isLine ? [[0, 0], last] : [last, [pads[2] ?? 0, pads[3] ?? 0]],
    extra: pair('extra', 0),
  };
}

/** tfjs takes strides or dilations; with both, every place is computed and some are kept. */
export function everyNth(tf: Tf, every: Tensor4D, strides: Pair): Tensor4D {
  return strides.reduce<Tensor>((sum, stride, i) => {
    const places = Array.from({ length: Math.ceil((every.shape[i + 1] as number) / stride) }, (_, k) => k * stride);
    return tf.gather(sum, tf.tensor1d(places, 'int32'), i + 1);
  }, every) as Tensor4D;
}
