// Random cases of the convolutions.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import {
  type ConvAttrs,
  convAttrs,
  convGeometry,
  convolution,
  convShapes,
  type Epilogue,
  epilogueFields,
  filterGradient,
  filterGradientByName,
  type GradientAttrs,
  gradientAttrs,
  inputGradient,
  inputGradientByName,
  isAffordableWindow,
  isCurved,
  isFallback,
  withCurve,
  zeroStuffed,
} from './attributeCases.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const conv2dCases = casesOf<ConvAttrs>({
  kernelName: tf.Conv2D,
  attrs: convAttrs,
  inputShapes: convShapes,
  depth: ({ window, channels }) => sizeOf(window) * channels,
  run: (attrs, [x, filter]) => convolution(x, filter, attrs),
});

const fusedConv2dCases = casesOf<ConvAttrs & Epilogue>({
  kernelName: tf.FusedConv2D,
  // tfjs-wasm itself, to which other activations fall back, pads wrongly in numbers and where a stride skips pixels.
  attrs: fc
    .tuple(convAttrs, fc.record(epilogueFields))
    .map(([attrs, epilogue]) => ({
      ...attrs,
      ...epilogue,
      ...(isFallback(epilogue) && { padding: 'valid' as const, rounding: undefined }),
    }))
    .filter(isAffordableWindow),
  inputShapes: (attrs) => [...convShapes(attrs).slice(0, 2), [attrs.outChannels]],
  depth: ({ window, channels }) => sizeOf(window) * channels,
  isFallback: (attrs) => isFallback(attrs) || isCurved(attrs),
  run(attrs, [x, filter, bias]) {
    const { strides, padding: pad, dilations, rounding: dimRoundingMode, hasBias } = attrs;
    const inputs = { x, filter, ...(hasBias && { bias }) } as tf.NamedTensorMap;
    return withCurve(tf.FusedConv2D, attrs, inputs, { strides, pad, dilations, dimRoundingMode }, (activation) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides,
        pad,
        dilations,
        dimRoundingMode,
        bias: hasBias ? bias : undefined,
        activation,
      }),
    );
  },
});

const conv2dBackpropFilterCases = casesOf<GradientAttrs>({
  kernelName: tf.Conv2DBackpropFilter,
  attrs: gradientAttrs,
  inputShapes: convShapes,
  depth: (attrs) => sizeOf(convGeometry(attrs).outShape.slice(0, 3)),
  run: filterGradient,
  reference(attrs, [x, filter, dy]) {
    const stuffed = zeroStuffed(filter, attrs.dilations);
    const gradient = filterGradientByName(attrs, [x, stuffed, dy]);
    return tf.stridedSlice(gradient, [0, 0, 0, 0], stuffed.shape, [...attrs.dilations, 1, 1]);
  },
});

const conv2dBackpropInputCases = casesOf<GradientAttrs>({
  kernelName: tf.Conv2DBackpropInput,
  attrs: gradientAttrs,
  inputShapes: convShapes,
  depth: ({ window, outChannels }) => sizeOf(window) * outChannels,
  run: inputGradient,
  reference: (attrs, [x, filter, dy]) => inputGradientByName(attrs, [x, zeroStuffed(filter, attrs.dilations), dy]),
});

export const convolutionCases: readonly KernelCases[] = [
  conv2dCases,
  fusedConv2dCases,
  conv2dBackpropFilterCases,
  conv2dBackpropInputCases,
];
