// Random cases for every kernel, held against tfjs's cpu backend. It runs in Node and in a browser's worker alike, so
// it knows no test runner: the caller installs kernels, calls `checkKernels` and judges what comes back.
import fc from 'fast-check';
import { sizeOf } from '../../core/shape.ts';
import * as tf from '../tf.ts';
import {
  type ConvAttrs,
  convAttrs,
  convGeometry,
  convolution,
  convShapes,
  type Epilogue,
  epilogueFields,
  filterGradient,
  type GradientAttrs,
  gradientAttrs,
  inputGradient,
  isAffordable,
  isAffordableWindow,
  isFallback,
  type ProductAttrs,
  plainProduct,
  productFields,
  productShapes,
  undilated,
  type WindowAttrs,
  windowFields,
  withRounding,
  zeroStuffed,
} from './attributeCases.ts';
import { casesOf, type KernelCases, type KernelCheck } from './randomCases.ts';

export type { KernelCheck } from './randomCases.ts';

export interface CheckKernelsOptions {
  /** Random cases a kernel. */
  readonly casesPerKernel: number;
  /** The same seed gives the same cases on every engine. */
  readonly seed: number;
  /** Called as soon as a kernel is done. */
  readonly report?: (check: KernelCheck) => void;
  readonly kernels?: readonly KernelCases[];
}

/**
 * Computes random cases on the backends 'cpu' and 'wasm' and compares; all tensors are freed and the backend that was
 * current is so again afterwards. Kernels are installed, and the backends are registered, by the caller.
 */
export async function checkKernels({
  casesPerKernel,
  seed,
  report = () => {},
  kernels = kernelCases,
}: CheckKernelsOptions): Promise<KernelCheck[]> {
  const backendBefore = tf.getBackend();
  const checks: KernelCheck[] = [];
  for (const kernel of kernels) {
    const check = await kernel.check(casesPerKernel, seed);
    checks.push(check);
    report(check);
  }
  await tf.setBackend(backendBefore);
  return checks;
}

const batchMatMulCases = casesOf<ProductAttrs>({
  kernelName: tf.BatchMatMul,
  attrs: fc.record(productFields).filter(isAffordable),
  inputShapes: productShapes,
  depth: ({ k }) => k,
  run: ({ transposeA, transposeB }, [a, b]) => tf.matMul(a, b, transposeA, transposeB),
});

const fusedMatMulCases = casesOf<ProductAttrs & Epilogue>({
  kernelName: tf._FusedMatMul,
  attrs: fc
    .record({ ...productFields, ...epilogueFields })
    .filter(isAffordable)
    .map((attrs) => (isFallback(attrs) ? { ...attrs, ...plainProduct } : attrs)),
  inputShapes: (attrs) => [...productShapes(attrs), [attrs.n]],
  depth: ({ k }) => k,
  isFallback,
  run: ({ transposeA, transposeB, hasBias, activation }, [a, b, bias]) =>
    tf.fused.matMul({ a, b, transposeA, transposeB, bias: hasBias ? bias : undefined, activation }),
});

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
  isFallback,
  run: ({ strides, padding, dilations, rounding, hasBias, activation }, [x, filter, bias]) =>
    tf.fused.conv2d({
      x: x as tf.Tensor4D,
      filter: filter as tf.Tensor4D,
      strides,
      pad: padding,
      dilations,
      dimRoundingMode: rounding,
      bias: hasBias ? bias : undefined,
      activation,
    }),
});

const conv2dBackpropFilterCases = casesOf<GradientAttrs>({
  kernelName: tf.Conv2DBackpropFilter,
  attrs: gradientAttrs,
  inputShapes: convShapes,
  depth: (attrs) => sizeOf(convGeometry(attrs).outShape.slice(0, 3)),
  run: filterGradient,
  reference(attrs, [x, filter, dy]) {
    const stuffed = zeroStuffed(filter, attrs.dilations);
    const gradient = filterGradient(undilated(attrs), [x, stuffed, dy]);
    return tf.stridedSlice(gradient, [0, 0, 0, 0], stuffed.shape, [...attrs.dilations, 1, 1]);
  },
});

const conv2dBackpropInputCases = casesOf<GradientAttrs>({
  kernelName: tf.Conv2DBackpropInput,
  attrs: gradientAttrs,
  inputShapes: convShapes,
  depth: ({ window, outChannels }) => sizeOf(window) * outChannels,
  run: inputGradient,
  reference: (attrs, [x, filter, dy]) => inputGradient(undilated(attrs), [x, zeroStuffed(filter, attrs.dilations), dy]),
});

const maxPoolGradCases = casesOf<WindowAttrs>({
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

export const kernelCases: readonly KernelCases[] = [
  batchMatMulCases,
  fusedMatMulCases,
  conv2dCases,
  fusedConv2dCases,
  conv2dBackpropFilterCases,
  conv2dBackpropInputCases,
  maxPoolGradCases,
] as readonly KernelCases[];
