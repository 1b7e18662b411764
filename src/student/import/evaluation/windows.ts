import { type Attributes, listOf, numberOf } from '../../../onnx/operator.ts';
import type { Tensor, Tensor3D, Tensor4D } from '../../../runtime/tf.ts';
import type { Tf } from '../../../runtime/tfNamespace.ts';
import type { EvaluatorTable } from '../evaluation.ts';

/** The lowest float32 stands for −∞, which would make 0 · ∞ in a slope. */
const LOWEST = -3.4028234663852886e38;

type Pair = [number, number];

/** Operators that move a window over an image with channels last; one axis of space is an image of height 1. */
export const windows: EvaluatorTable = {
  maxPool: (tf, [x], attributes) =>
    asImage(
      tf,
      x as Tensor,
      (image, { kernel, strides, dilations, pads }) => {
        const padded = tf.pad(image, [[0, 0], ...pads, [0, 0]] as Pair[], LOWEST) as Tensor4D;
        return dilatedPool(tf, padded, 'max', kernel, strides, dilations);
      },
      attributes,
    ),
  averagePool: (tf, [x], attributes) =>
    asImage(
      tf,
      x as Tensor,
      (image, { kernel, strides, dilations, pads, extra }) => {
        const average = (one: Tensor) => dilatedPool(tf, one as Tensor4D, 'avg', kernel, strides, dilations);
        const padded = tf.pad(image, [[0, 0], ...pads, [0, 0]] as Pair[]);
        // A window counts the pixels of the image, and of the explicit padding if that is asked for; nothing beyond.
        const isCounted = numberOf(attributes, 'countIncludePad', 0) === 1;
        const [, height, width] = image.shape;
        const inside = pads.map(([front, back], i) => [front, back - (extra[i] as number)]) as [Pair, Pair];
        const around = isCounted ? extra.map((more) => [0, more] as Pair) : pads;
        const lengths = [height, width].map((one, i) => (isCounted ? one + sum(inside[i] as Pair) : one));
        if (around.every((pair) => sum(pair) === 0)) return average(padded);
        const counted = tf.pad(tf.ones([1, ...lengths, 1]), [[0, 0], ...around, [0, 0]] as Pair[]);
        return tf.div(average(padded), average(counted)) as Tensor4D;
      },
      attributes,
    ),
  conv: (tf, [x, kernel, bias], attributes) => {
    const group = numberOf(attributes, 'group', 1);
    const weights = asKernel(tf, kernel as Tensor, (x as Tensor).rank - 2);
    const result = asImage(
      tf,
      x as Tensor,
      (image, { strides, dilations, pads }) => {
        const [inputs, filters] = [tf.split(image, group, 3), tf.split(weights, group, 3)];
        const parts = inputs.map((one, i) => {
          const padded = tf.pad(one, [[0, 0], ...pads, [0, 0]] as Pair[]) as Tensor4D;
          return dilatedConv(tf, padded, filters[i] as Tensor4D, strides, dilations);
        });
        return tf.concat(parts, 3) as Tensor4D;
      },
      attributes,
    );
    return bias === undefined ? result : tf.add(result, bias);
  },
  /** `pads` cut the result; `outputPadding` lengthens it. The kernel is [...K, out / group, in]. */
  convTranspose: (tf, [x, kernel, bias], attributes) => {
    const group = numberOf(attributes, 'group', 1);
    const weights = asKernel(tf, kernel as Tensor, (x as Tensor).rank - 2);
    const result = asImage(
      tf,
      x as Tensor,
      (image, { kernel: size, strides, pads, extra }) => {
        const [batch, height, width] = image.shape;
        const full = [height, width].map((one, i) => (one - 1) * (strides[i] as number) + (size[i] as number)) as Pair;
        const lengths = full.map((one, i) => one - sum(pads[i] as Pair) + (extra[i] as number)) as Pair;
        const [inputs, filters] = [tf.split(image, group, 3), tf.split(weights, group, 3)];
        const parts = inputs.map((one, i) => {
          const filter = filters[i] as Tensor4D;
          return tf.conv2dTranspose(one as Tensor4D, filter, [batch, ...full, filter.shape[2]], strides, 'valid');
        });
        const missing = lengths.map((one, i) => Math.max(0, (pads[i] as Pair)[0] + one - (full[i] as number)));
        const whole = tf.pad(tf.concat(parts, 3), [
          [0, 0],
          [0, missing[0] as number],
          [0, missing[1] as number],
          [0, 0],
        ]);
        return tf.slice(
          whole,
          [0, pads[0][0], pads[1][0], 0],
          [batch, ...lengths, whole.shape[3] as number],
        ) as Tensor4D;
      },
      attributes,
    );
    return bias === undefined ? result : tf.add(result, bias);
  },
};

interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: [Pair, Pair];
  /** How much of the padding at the end is only there so that the last window is whole. */
  readonly extra: Pair;
}

function asImage(
  tf: Tf,
  x: Tensor,
  compute: (image: Tensor4D, window: Window) => Tensor4D,
  attributes: Attributes,
): Tensor {
  const isLine = x.rank === 3;
  const image = isLine ? tf.expandDims(x as Tensor3D, 1) : x;
  const result = compute(image as Tensor4D, windowOf(attributes, isLine));
  return isLine ? tf.squeeze(result, [1]) : result;
}

function windowOf(attributes: Attributes, isLine: boolean): Window {
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

function asKernel(tf: Tf, kernel: Tensor, space: number): Tensor4D {
  return (space === 1 ? tf.expandDims(kernel, 0) : kernel) as Tensor4D;
}

/** tfjs takes strides or dilations; with both, every place is computed and some are kept. */
function dilatedConv(tf: Tf, x: Tensor4D, filter: Tensor4D, strides: Pair, dilations: Pair): Tensor4D {
  const isDilated = dilations.some((one) => one > 1);
  if (!isDilated || strides.every((one) => one === 1)) return tf.conv2d(x, filter, strides, 'valid', 'NHWC', dilations);
  return everyNth(tf, tf.conv2d(x, filter, 1, 'valid', 'NHWC', dilations), strides);
}

function dilatedPool(tf: Tf, x: Tensor4D, kind: 'max' | 'avg', kernel: Pair, strides: Pair, dilations: Pair): Tensor4D {
  const isBoth = dilations.some((one) => one > 1) && strides.some((one) => one > 1);
  if (!isBoth) return tf.pool(x, kernel, kind, 'valid', dilations, strides) as Tensor4D;
  return everyNth(tf, tf.pool(x, kernel, kind, 'valid', dilations, 1) as Tensor4D, strides);
}

function everyNth(tf: Tf, every: Tensor4D, strides: Pair): Tensor4D {
  return strides.reduce<Tensor>((sum, stride, i) => {
    const places = Array.from({ length: Math.ceil((every.shape[i + 1] as number) / stride) }, (_, k) => k * stride);
    return tf.gather(sum, tf.tensor1d(places, 'int32'), i + 1);
  }, every) as Tensor4D;
}

function sum([a, b]: readonly [number, number]): number {
  return a + b;
}
