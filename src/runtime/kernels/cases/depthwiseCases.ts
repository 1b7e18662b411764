// Random cases of the depthwise convolution and its gradients.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import {
  type Epilogue,
  epilogueFields,
  isCurved,
  isFallback,
  type WindowAttrs,
  windowFields,
  withCurve,
  withRounding,
  zeroStuffed,
} from './attributeCases.ts';
import { casesOf, type Inputs, type KernelCases } from './randomCases.ts';

type Pair = [number, number];

interface DepthwiseAttrs extends WindowAttrs {
  readonly times: number;
  readonly dilations: Pair;
}

const BUDGET = 250_000;
const small = fc.integer({ min: 1, max: 3 });

/** Two thirds of the windows are 3 × 3 or five wide, which have kernels of their own; a third is dilated, which tfjs allows at stride 1. */
const depthwiseAttrs: fc.Arbitrary<DepthwiseAttrs> = withRounding(
  fc
    .record({
      ...windowFields,
      window: fc.oneof(
        windowFields.window,
        fc.constant<Pair>([3, 3]),
        fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constant(5)),
      ),
      times: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.constantFrom(2, 3, 4, 5)),
      spread: fc.oneof(
        { weight: 2, arbitrary: windowFields.strides.map((strides) => ({ strides, dilations: [1, 1] as Pair })) },
        fc.tuple(small, small).map((dilations) => ({ strides: [1, 1] as Pair, dilations })),
      ),
    })
    .map(({ spread, ...attrs }) => ({ ...attrs, ...spread })),
).filter(isAffordable);

function geometry({ images, size, channels, window, times, strides, dilations, padding, rounding }: DepthwiseAttrs) {
  const filter: [number, number, number, number] = [...window, channels, times];
  return tf.backend_util.computeConv2DInfo(
    [images, ...size, channels],
    filter,
    strides,
    dilations,
    padding,
    rounding,
    true,
  );
}

function isAffordable(attrs: DepthwiseAttrs): boolean {
  const info = geometry(attrs);
  const taps = info.effectiveFilterHeight * info.effectiveFilterWidth;
  return info.outHeight > 0 && info.outWidth > 0 && sizeOf(info.outShape) * taps <= BUDGET;
}

function shapesOf(attrs: DepthwiseAttrs): [number[], number[], number[]] {
  const { inShape, filterShape, outShape } = geometry(attrs);
  return [inShape, filterShape, outShape];
}

function convolution(x: tf.Tensor, filter: tf.Tensor, attrs: DepthwiseAttrs): tf.Tensor {
  const { strides, padding, dilations, rounding } = attrs;
  return tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, padding, 'NHWC', dilations, rounding);
}

/** By the kernels' names: tfjs refuses gradients of dilated convolutions. */
function filterGradient(attrs: DepthwiseAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  const call = { ...gradientCall(attrs), filterShape: filter.shape } as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, call) as tf.Tensor;
}

function inputGradient(attrs: DepthwiseAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  const call = { ...gradientCall(attrs), inputShape: x.shape } as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, call) as tf.Tensor;
}

function gradientCall({ strides, padding, dilations, rounding }: DepthwiseAttrs) {
  return { strides, pad: padding, dataFormat: 'NHWC', dilations, dimRoundingMode: rounding };
}

/** The undilated convolution that computes the same; tfjs's cpu backend has gradients of no other. */
function undilated(attrs: DepthwiseAttrs, [x, filter, dy, ...rest]: Inputs): [DepthwiseAttrs, Inputs] {
  const stuffed = zeroStuffed(filter, attrs.dilations);
  return [{ ...attrs, dilations: [1, 1] }, [x, stuffed, dy, ...rest]];
}

const forwardCases = casesOf<DepthwiseAttrs>({
  kernelName: tf.DepthwiseConv2dNative,
  attrs: depthwiseAttrs,
  inputShapes: shapesOf,
  depth: ({ window }) => sizeOf(window),
  run: (attrs, [x, filter]) => convolution(x, filter, attrs),
});

const fusedCases = casesOf<DepthwiseAttrs & Epilogue>({
  kernelName: tf.FusedDepthwiseConv2D,
  // tfjs-wasm itself, to which other activations fall back, pads wrongly in numbers and where a stride skips pixels.
  attrs: fc
    .tuple(depthwiseAttrs, fc.record(epilogueFields))
    .map(([attrs, epilogue]) => ({
      ...attrs,
      ...epilogue,
      ...(isFallback(epilogue) && { padding: 'valid' as const, rounding: undefined }),
    }))
    .filter(isAffordable),
  inputShapes: (attrs) => [...shapesOf(attrs).slice(0, 2), [attrs.channels * attrs.times]],
  depth: ({ window }) => sizeOf(window),
  isFallback: (attrs) => isFallback(attrs) || isCurved(attrs),
  run(attrs, [x, filter, bias]) {
    const { strides, padding: pad, dilations, rounding: dimRoundingMode, hasBias } = attrs;
    const inputs = { x, filter, ...(hasBias && { bias }) } as tf.NamedTensorMap;
    return withCurve(
      tf.FusedDepthwiseConv2D,
      attrs,
      inputs,
      { strides, pad, dilations, dimRoundingMode },
      (activation) =>
        tf.fused.depthwiseConv2d({
          x: x as tf.Tensor4D,
          filter: filter as tf.Tensor4D,
          strides,
          // Declared without explicit padding, which it takes all the same.
          pad: pad as number,
          dilations,
          dimRoundingMode,
          bias: hasBias ? bias : undefined,
          activation,
        }),
    );
  },
});

const filterGradientCases = casesOf<DepthwiseAttrs>({
  kernelName: tf.DepthwiseConv2dNativeBackpropFilter,
  attrs: depthwiseAttrs,
  inputShapes: shapesOf,
  depth: (attrs) => sizeOf(geometry(attrs).outShape.slice(0, 3)),
  run: filterGradient,
  reference(attrs, inputs) {
    const gradient = filterGradient(...undilated(attrs, inputs));
    return tf.stridedSlice(gradient, [0, 0, 0, 0], gradient.shape, [...attrs.dilations, 1, 1]);
  },
});

const inputGradientCases = casesOf<DepthwiseAttrs>({
  kernelName: tf.DepthwiseConv2dNativeBackpropInput,
  attrs: depthwiseAttrs,
  inputShapes: shapesOf,
  depth: ({ window, times }) => sizeOf(window) * times,
  run: inputGradient,
  reference: (attrs, inputs) => inputGradient(...undilated(attrs, inputs)),
});

export const depthwiseCases: readonly KernelCases[] = [
  forwardCases,
  fusedCases,
  filterGradientCases,
  inputGradientCases,
];
