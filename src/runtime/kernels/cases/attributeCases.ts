// Random attributes of windows that slide over images, and what tfjs makes of them. A budget of multiply-adds keeps the cpu backend's
// plain loops short.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import type { Curve } from '../matmul/gemm.ts';

type Inputs = readonly [tf.Tensor, tf.Tensor, tf.Tensor, ...tf.Tensor[]];

const WINDOW_BUDGET = 250_000;

type Activation = 'linear' | 'relu' | 'relu6' | 'line' | 'gate' | 'sigmoid' | 'elu';

/** Activations that the kernels leave to tfjs. */
export function isFallback({ activation }: { readonly activation: Activation }): boolean {
  return activation === 'sigmoid' || activation === 'elu';
}

type Pair = [number, number];
type Padding = 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
type Rounding = 'floor' | 'round' | 'ceil';

/** A window that slides over images: what a convolution and a pooling share. */
export interface WindowAttrs {
  readonly images: number;
  readonly size: Pair;
  readonly channels: number;
  readonly window: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly rounding?: Rounding;
}

export interface ConvAttrs extends WindowAttrs {
  readonly outChannels: number;
  readonly dilations: Pair;
}

const side = fc.integer({ min: 1, max: 3 });
const border = fc.nat({ max: 5 });
const imageSide = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 13 }) }, fc.constantFrom(48, 49, 97));
const channelCount = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17) },
  fc.constantFrom(31, 95, 96, 97, 257),
);

export const windowFields = {
  images: fc.integer({ min: 1, max: 3 }),
  size: fc.tuple(imageSide, imageSide),
  channels: channelCount,
  window: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(side, side),
  padding: fc.oneof(
    fc.constantFrom<Padding>('valid', 'same'),
    fc.nat({ max: 3 }),
    fc.tuple(border, border, border, border).map(
      ([top, bottom, left, right]): Padding => [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ],
    ),
  ),
};
const rounding = fc.constantFrom<Rounding | undefined>(undefined, undefined, 'floor', 'round', 'ceil');

/** tfjs takes a rounding mode for padding in numbers only. */
export function withRounding<Attrs extends WindowAttrs>(attrs: fc.Arbitrary<Attrs>): fc.Arbitrary<Attrs> {
  return fc
    .tuple(attrs, rounding)
    .map(([value, mode]) => (typeof value.padding === 'string' || !mode ? value : { ...value, rounding: mode }));
}

const convFields = {
  ...windowFields,
  outChannels: channelCount,
  /** tfjs allows strides or dilations, not both; a third of the convolutions is dilated. */
  spread: fc.oneof(
    { weight: 2, arbitrary: windowFields.strides.map((strides) => ({ strides, dilations: [1, 1] as Pair })) },
    fc.tuple(side, side).map((dilations) => ({ strides: [1, 1] as Pair, dilations })),
  ),
};

/** So many pixels that the sum of a filter gradient is cut into chunks (of 2048). */
const vastFields = {
  ...convFields,
  size: fc.constantFrom<Pair>([48, 49], [64, 33], [97, 97]),
  channels: side,
  outChannels: fc.integer({ min: 1, max: 9 }),
};

export const convAttrs: fc.Arbitrary<ConvAttrs> = withRounding(
  fc
    .oneof({ weight: 7, arbitrary: fc.record(convFields) }, fc.record(vastFields))
    .map(({ spread, ...attrs }) => ({ ...attrs, ...spread })),
).filter(isAffordableWindow);

export function convGeometry({
  images,
  size,
  channels,
  window,
  strides,
  padding,
  rounding,
  ...rest
}: WindowAttrs | ConvAttrs) {
  const { outChannels = channels, dilations = [1, 1] as Pair } = rest as Partial<ConvAttrs>;
  const filter: [number, number, number, number] = [...window, channels, outChannels];
  return tf.backend_util.computeConv2DInfo([images, ...size, channels], filter, strides, dilations, padding, rounding);
}

export function isAffordableWindow(attrs: WindowAttrs | ConvAttrs): boolean {
  const info = convGeometry(attrs);
  // The size of a filter with its holes, which the reference of a dilated gradient fills with zeros.
  const taps = info.effectiveFilterHeight * info.effectiveFilterWidth;
  const products = sizeOf(info.outShape) * taps * ('outChannels' in attrs ? attrs.channels : 1);
  return info.outHeight > 0 && info.outWidth > 0 && products <= WINDOW_BUDGET;
}

/** Shapes of input, filter and output. */
export function convShapes(attrs: ConvAttrs): [number[], number[], number[]] {
  const { inShape, filterShape, outShape } = convGeometry(attrs);
  return [inShape, filterShape, outShape];
}

export function convolution(
  x: tf.Tensor,
  filter: tf.Tensor,
  { strides, padding, dilations, rounding }: ConvAttrs,
): tf.Tensor {
  return tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, padding, 'NHWC', dilations, rounding);
}

function transposedConvolution(dy: tf.Tensor, filter: tf.Tensor, attrs: ConvAttrs): tf.Tensor {
  const { inShape } = convGeometry(attrs);
  const { strides, padding, rounding } = attrs;
  return tf.conv2dTranspose(dy as tf.Tensor4D, filter as tf.Tensor4D, inShape, strides, padding, rounding);
}

export function filterGradient(attrs: GradientAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  return attrs.isTransposed
    ? tf.grad((f) => transposedConvolution(dy, f, attrs))(filter, x)
    : tf.grad((f) => convolution(x, f, attrs))(filter, dy);
}

export function inputGradient(attrs: GradientAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  return attrs.isTransposed
    ? transposedConvolution(dy, filter, attrs)
    : tf.grad((image) => convolution(image, filter, attrs))(x, dy);
}

/** The filter's gradient by the kernel's name, because tfjs's gradient of a convolution forgets the rounding mode. */
export function filterGradientByName(attrs: ConvAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  const kernelAttrs = { ...gradientCall(attrs), filterShape: filter.shape } as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel(tf.Conv2DBackpropFilter, { x, dy }, kernelAttrs) as tf.Tensor;
}

export function inputGradientByName(attrs: ConvAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  const kernelAttrs = { ...gradientCall(attrs), inputShape: x.shape } as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel(tf.Conv2DBackpropInput, { dy, filter }, kernelAttrs) as tf.Tensor;
}

function gradientCall({ strides, padding, rounding }: ConvAttrs) {
  return { strides, pad: padding, dataFormat: 'NHWC', dimRoundingMode: rounding };
}

/**
 * The filter of the undilated convolution that computes the same: zeros between the taps. tfjs's cpu backend has
 * gradients of undilated convolutions only.
 */
export function zeroStuffed(filter: tf.Tensor, [stepH, stepW]: Pair): tf.Tensor {
  const [height, width, channels, outChannels] = filter.shape as [number, number, number, number];
  const apart = tf.reshape(filter, [height, 1, width, 1, channels * outChannels]);
  const none: Pair = [0, 0];
  const padded = tf.pad(apart, [none, [0, stepH - 1], none, [0, stepW - 1], none]);
  const whole = tf.reshape(padded, [height * stepH, width * stepW, channels, outChannels]);
  return tf.slice(whole, [0, 0, 0, 0], [(height - 1) * stepH + 1, (width - 1) * stepW + 1, channels, outChannels]);
}

export interface GradientAttrs extends ConvAttrs {
  /** Whether the kernel is reached through the transposed convolution, which tfjs has without dilation only. */
  readonly isTransposed: boolean;
}

export const gradientAttrs: fc.Arbitrary<GradientAttrs> = fc
  .tuple(convAttrs, fc.boolean())
  .map(([attrs, isTransposed]) => ({ ...attrs, isTransposed: isTransposed && attrs.dilations.every((d) => d === 1) }));

export interface Epilogue {
  readonly hasBias: boolean;
  readonly activation: Activation;
}

/** Activations that tfjs does not know: a clipped line, and x times it. */
export function isCurved({ activation }: { readonly activation: Activation }): boolean {
  return activation === 'line' || activation === 'gate';
}

const CURVE: Curve = { slope: 0.25, offset: 0.5, low: -0.25, high: 1.5, shift: 0.125 };

/** What `compute` gives, or for a curve the fused kernel by its name; on other backends, what is linear and then by hand. */
export function withCurve<A extends Epilogue>(
  kernelName: string,
  attrs: A,
  inputs: tf.NamedTensorMap,
  kernelAttrs: object,
  compute: (activation: 'linear' | 'relu') => tf.Tensor,
): tf.Tensor {
  const { activation } = attrs;
  // tfjs's type of an activation lacks some that it takes.
  if (!isCurved(attrs)) return compute(activation as 'relu');
  if (tf.getBackend() !== 'wasm') return curveByHand(activation === 'gate', compute('linear'), CURVE);
  const call = { ...kernelAttrs, activation, curve: CURVE } as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel(kernelName, inputs, call) as tf.Tensor;
}

/** shift + clip(slope · x + offset, low, high), or x times the clipped line, in steps. */
export function curveByHand(isGate: boolean, x: tf.Tensor, curve: Curve): tf.Tensor {
  const line = tf.clipByValue(tf.add(tf.mul(x, curve.slope), curve.offset), curve.low, curve.high);
  return tf.add(isGate ? tf.mul(x, line) : line, curve.shift);
}

export const epilogueFields = {
  hasBias: fc.boolean(),
  activation: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<Activation>('linear', 'relu', 'relu6', 'line', 'gate') },
    fc.constantFrom<Activation>('sigmoid', 'elu'),
  ),
};
