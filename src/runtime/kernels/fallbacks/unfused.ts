import {
  _FusedMatMul,
  Add,
  BatchMatMul,
  Conv2D,
  DepthwiseConv2dNative,
  Elu,
  FusedConv2D,
  FusedDepthwiseConv2D,
  LeakyRelu,
  Prelu,
  Relu,
  Relu6,
  Sigmoid,
  type TensorInfo,
} from '../../tf.ts';
import type { Kernel, KernelContext } from '../kernel.ts';
import { call, free, reshaped } from './composed.ts';

const OPERATIONS = [
  { kernelName: _FusedMatMul, linear: BatchMatMul, operands: ['a', 'b'] },
  { kernelName: FusedConv2D, linear: Conv2D, operands: ['x', 'filter'] },
  { kernelName: FusedDepthwiseConv2D, linear: DepthwiseConv2dNative, operands: ['x', 'filter'] },
];

const ACTIVATIONS: Record<string, string> = {
  relu: Relu,
  relu6: Relu6,
  elu: Elu,
  sigmoid: Sigmoid,
  leakyrelu: LeakyRelu,
};

interface EpilogueAttrs {
  readonly activation: string;
  readonly leakyreluAlpha?: number;
  readonly dataFormat?: string;
}

/**
 * Fused operations in three steps, for biases and activations that the kernels do not fuse. tfjs-wasm's own fused
 * operations take only one-dimensional biases, add them at wrong positions to batched or transposed products, and are
 * wrong if a window is smaller than its stride.
 */
export function unfused(): readonly Kernel[] {
  return OPERATIONS.map(({ kernelName, linear, operands }) => ({
    kernelName,
    run(context, inputs, attrs) {
      const { bias, preluActivationWeights: alpha } = inputs;
      const { activation, leakyreluAlpha, ...linearAttrs } = attrs as unknown as EpilogueAttrs;
      const { dataFormat } = linearAttrs;
      const pair = Object.fromEntries(operands.map((name) => [name, inputs[name] as TensorInfo]));
      const product = call(context, linear, pair, linearAttrs);
      const sum = bias ? biased(context, product, bias, dataFormat) : product;
      if (activation === 'linear') return sum;
      if (activation === 'prelu') return parametric(context, sum, alpha as TensorInfo, dataFormat);
      const name = ACTIVATIONS[activation];
      if (name === undefined) throw new Error(`${kernelName} has no activation '${activation}' on the wasm backend.`);
      const output = call(context, name, { x: sum }, { alpha: leakyreluAlpha });
      free(context, sum);
      return output;
    },
  }));
}

function biased(context: KernelContext, x: TensorInfo, bias: TensorInfo, dataFormat: string | undefined): TensorInfo {
  const b = alongChannels(context, bias, dataFormat);
  const sum = call(context, Add, { a: x, b });
  free(context, x, b);
  return sum;
}

function parametric(
  context: KernelContext,
  x: TensorInfo,
  weights: TensorInfo,
  dataFormat: string | undefined,
): TensorInfo {
  const alpha = alongChannels(context, weights, dataFormat);
  const output = call(context, Prelu, { x, alpha });
  free(context, x, alpha);
  return output;
}

/** With channels first, a one-dimensional tensor belongs to the channels; otherwise broadcasting aligns it. */
function alongChannels(context: KernelContext, tensor: TensorInfo, dataFormat: string | undefined): TensorInfo {
  const { shape } = tensor;
  const isTurned = dataFormat === 'NCHW' && shape.length === 1 && shape[0] !== 1;
  return reshaped(context, tensor, isTurned ? [shape[0] as number, 1, 1] : shape);
}
