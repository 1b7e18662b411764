// Random cases of the gradient of max pooling.
import fc from 'fast-check';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';
import { convGeometry, isAffordableWindow, type WindowAttrs, windowFields, withRounding } from './attributeCases.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const gradientCases = casesOf<WindowAttrs>({
  kernelName: tf.MaxPoolGrad,
  attrs: withRounding(fc.record(windowFields)).filter(isAffordableWindow),
  inputShapes: (attrs) => [convGeometry(attrs).inShape, convGeometry(attrs).outShape],
  // So many windows may share one maximum.
  depth: ({ window }) => sizeOf(window),
  run({ window, strides, padding, rounding }, [input, dy]) {
    if (typeof padding === 'string' && sizeOf(window) > 1) {
      return tf.grad((x) => tf.maxPool(x as tf.Tensor4D, window, strides, padding))(input, dy);
    }
    // By the kernel's name, because tfjs's gradient forgets the rounding mode, and its forward pooling on wasm writes
    // out of bounds for windows of 1 × 1 and some paddings. No backend reads `output`.
    const attrs = {
      filterSize: window,
      strides,
      pad: padding,
      dimRoundingMode: rounding,
    } as unknown as tf.NamedAttrMap;
    return tf.engine().runKernel(tf.MaxPoolGrad, { dy, input, output: dy }, attrs) as tf.Tensor;
  },
});

export const maxPoolGradCases: readonly KernelCases[] = [gradientCases];
