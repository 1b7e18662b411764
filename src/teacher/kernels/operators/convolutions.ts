import type { Curve } from '../../../runtime/kernels/matmul/gemm.ts';
import * as tf from '../../../runtime/tf.ts';
import { int, ints, type Operator, type Operators, runKernel, type StepCall, text, unsupported } from '../call.ts';
import { curveOf, ENGINE_DOMAIN } from '../fusedNodes.ts';
import { channelsLast, inOrder, type LayoutValue } from '../layoutValue.ts';
import type { Stored } from '../steps.ts';
import { explicit, windowsOf } from '../windows.ts';

/** The image as [B, H, W, C]; a 1-D signal is an image of height 1. */
export function imageOf(value: LayoutValue): tf.Tensor4D {
  const { order } = value;
  const image = inOrder(value, channelsLast(order.length));
  if (order.length === 4) return image as tf.Tensor4D;
  const [batch, width, channels] = image.shape as [number, number, number];
  return image.reshape([batch, 1, width, channels]);
}

/** An image [B, H, W, C] as a value of the model's rank. */
export function imageValue(image: tf.Tensor, rank: number): LayoutValue {
  if (rank === 4) return { tensor: image, order: channelsLast(4) };
  const [batch, , width, channels] = image.shape as [number, number, number, number];
  return { tensor: image.reshape([batch, width, channels]), order: channelsLast(3) };
}

/** Weights that decayed to almost nothing. CPUs take a hundred times as long for the smallest (subnormal) ones. */
const ALMOST_NOTHING = 1e-30;

export function flushed(weight: number): number {
  return Math.abs(weight) < ALMOST_NOTHING ? 0 : weight;
}

/** A filter [out, in, H, W] of the model as [H, W, in, out]. */
function filterFrom({ data, shape }: Stored, isDepthwise: boolean): tf.Tensor {
  const [outs = 1, ins = 1, ...space] = shape;
  const [height, width] = space.length === 1 ? [1, space[0] as number] : (space as [number, number]);
  const out = new Float32Array(data.length);
  const taps = height * width;
  for (let o = 0; o < outs; o++) {
    for (let i = 0; i < ins; i++) {
      for (let tap = 0; tap < taps; tap++) {
        out[(tap * ins + i) * outs + o] = flushed(data[(o * ins + i) * taps + tap] as number);
      }
    }
  }
  return tf.tensor(out, isDepthwise ? [height, width, outs, 1] : [height, width, ins, outs], 'float32');
}

/** The stored bias, one number for all channels or one for each; undefined where there is none. */
export function biasFrom(call: StepCall, outs: number): tf.Tensor | undefined {
  const data = call.stored(2)?.data;
  if (data === undefined) return undefined;
  return call.kept('bias', () =>
    tf.tensor1d(Float32Array.from({ length: outs }, (_, i) => data[data.length === 1 ? 0 : i] as number)),
  );
}

/** The curve at the end of a product, as its kernel takes it. */
export function endOf(call: StepCall): { activation: string; curve: Curve | undefined } {
  const { node } = call.step;
  if (node.domain !== ENGINE_DOMAIN) return { activation: 'linear', curve: undefined };
  return { activation: text(call, 'activation', 'linear'), curve: curveOf(node) };
}

export const convolution: Operator = (call) => {
  const x = call.value(0);
  const rank = x.order.length;
  const filterShape = call.shape(1);
  const [outs = 1, ins = 1] = filterShape;
  const windows = windowsOf(call, call.shape(0), filterShape.slice(2));
  const groups = int(call, 'group', 1);
  const isDepthwise = groups > 1 && ins === 1 && outs === groups;
  const filter = filterOf(call, isDepthwise);
  const bias = biasOf(call, outs);
  const attrs = {
    strides: [...windows.strides],
    dilations: [...windows.dilations],
    pad: explicit(windows),
    dataFormat: 'NHWC',
    dimRoundingMode: 'floor',
    ...endOf(call),
  };
  const image = imageOf(x);
  const inputs: tf.NamedTensorMap = { x: image, filter };
  if (bias !== undefined) inputs['bias'] = bias;
  if (isDepthwise || groups === 1) {
    return imageValue(runKernel(isDepthwise ? tf.FusedDepthwiseConv2D : tf.FusedConv2D, inputs, attrs), rank);
  }
  const images = tf.split(image, groups, 3);
  const filters = tf.split(filter, groups, 3);
  const biases = bias === undefined ? [] : tf.split(bias, groups);
  const parts = images.map((part, i) => {
    const own = { x: part, filter: filters[i] as tf.Tensor, ...(bias && { bias: biases[i] as tf.Tensor }) };
    return runKernel(tf.FusedConv2D, own as tf.NamedTensorMap, attrs);
  });
  return imageValue(tf.concat(parts, 3), rank);
};

function filterOf(call: StepCall, isDepthwise: boolean): tf.Tensor {
  const stored = call.stored(1);
  if (stored !== undefined) return call.kept('filter', () => filterFrom(stored, isDepthwise));
  const value = call.value(1);
  const rank = value.order.length;
  const space = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const turned = inOrder(value, [...space, ...(isDepthwise ? [0, 1] : [1, 0])]);
  return rank === 4 ? turned : turned.reshape([1, ...turned.shape]);
}

function biasOf(call: StepCall, outs: number): tf.Tensor | undefined {
  if (call.has(2) && call.stored(2) === undefined) return call.value(2).tensor;
  return biasFrom(call, outs);
}

/** ONNX's transposed convolution is the gradient of a convolution with respect to its input. */
const transposedConvolution: Operator = (call) => {
  const x = call.value(0);
  const stored = call.stored(1);
  if (int(call, 'group', 1) !== 1 || stored === undefined || x.order.length !== 4) {
    throw unsupported(call, 'only images, one group and stored filters are known');
  }
  if (ints(call, 'output_shape') !== undefined) throw unsupported(call, 'it asks for an output shape');
  if (text(call, 'auto_pad', 'NOTSET').startsWith('SAME')) throw unsupported(call, 'its padding follows from its size');
  const { size, strides, dilations, pads } = windowsOf(call, call.shape(0), stored.shape.slice(2));
  if (dilations.some((step) => step !== 1)) throw unsupported(call, 'it is dilated');
  const [outs = 1] = stored.shape.slice(1);
  // [in, out, H, W] is the filter of the convolution whose gradient this is: its outputs are our inputs.
  const filter = call.kept('filter', () => transposedFilter(stored));
  const image = imageOf(x);
  const [extraHeight = 0, extraWidth = 0] = ints(call, 'output_padding') ?? [];
  const [top, bottom, left, right] = pads;
  const [batch, inHeight, inWidth] = image.shape;
  const height = (inHeight - 1) * strides[0] + size[0] - top - bottom + extraHeight;
  const width = (inWidth - 1) * strides[1] + size[1] - left - right + extraWidth;
  const raw = runKernel(
    tf.Conv2DBackpropInput,
    { dy: image, filter },
    {
      strides: [...strides],
      pad: [
        [0, 0],
        [top, bottom - extraHeight],
        [left, right - extraWidth],
        [0, 0],
      ],
      dataFormat: 'NHWC',
      dimRoundingMode: 'floor',
      inputShape: [batch, height, width, outs],
    },
  );
  const bias = biasFrom(call, outs);
  const sum = bias === undefined ? raw : tf.add(raw, bias);
  const { activation, curve } = endOf(call);
  if (activation === 'linear') return imageValue(sum, 4);
  return imageValue(runKernel(activation === 'line' ? 'Line' : 'Gate', { x: sum }, { curve }), 4);
};

function transposedFilter({ data, shape }: Stored): tf.Tensor {
  const [ins = 1, outs = 1, height = 1, width = 1] = shape;
  const taps = height * width;
  const out = new Float32Array(data.length);
  for (let i = 0; i < ins; i++) {
    for (let o = 0; o < outs; o++) {
      for (let tap = 0; tap < taps; tap++) {
        out[(tap * outs + o) * ins + i] = flushed(data[(i * outs + o) * taps + tap] as number);
      }
    }
  }
  return tf.tensor(out, [height, width, outs, ins], 'float32');
}

export const CONVOLUTIONS: Operators = { Conv: convolution, ConvTranspose: transposedConvolution };
