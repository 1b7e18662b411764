import { FusedConv2D, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { fusedConv2dGradient } from '../matmul/fusedGradients.ts';
import { type Curve, isGemmActivation } from '../matmul/gemm.ts';
import { type ConvAttrs, convInfoOf, convolve } from './convolution.ts';

/**
 * 2-D convolution with bias and activation in the same pass.
 * Shapes    x [B, H, W, C], filter [K, K, C, F], bias [F] → [B, H′, W′, F]
 * Units     float32, channels last; activations linear, relu, relu6, line, gate
 * Throws    invalid-option: strides or windows below 1; other activations, layouts and dtypes fall back to tfjs
 * Source    tfjs FusedConv2D
 */
export const fusedConv2d: Kernel = {
  kernelName: FusedConv2D,
  run(context, inputs, attrs) {
    const { x, filter, bias, preluActivationWeights } = inputs as Record<string, TensorInfo | undefined>;
    const { activation, curve } = attrs as unknown as { activation: string; curve?: Curve };
    if (x === undefined || filter === undefined || preluActivationWeights !== undefined) return undefined;
    if (!isGemmActivation(activation)) return undefined;
    const info = convInfoOf(x.shape, filter.shape, attrs as unknown as ConvAttrs);
    if (info === undefined || !isSupported(x, filter, bias)) return undefined;
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== info.outChannels)) return undefined;
    return convolve(context, x, filter, info, { bias, activation, curve });
  },
  gradient: fusedConv2dGradient,
};
