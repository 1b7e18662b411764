import { FusedDepthwiseConv2D, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { fusedDepthwiseConv2dGradient } from '../matmul/fusedGradients.ts';
import { type Curve, isGemmActivation } from '../matmul/gemm.ts';
import { type DepthwiseAttrs, depthwise, depthwiseSizesOf } from './depthwise.ts';

/**
 * Depthwise 2-D convolution with bias and activation in the same pass.
 * Shapes    x [B, H, W, C], filter [K, K, C, M], bias [C·M] → [B, H′, W′, C·M]
 * Units     float32, channels last; activations linear, relu, relu6, line, gate
 * Throws    invalid-option: strides or windows below 1; other activations, layouts and dtypes fall back to tfjs
 * Source    tfjs FusedDepthwiseConv2D
 */
export const fusedDepthwiseConv2d: Kernel = {
  kernelName: FusedDepthwiseConv2D,
  run(context, inputs, attrs) {
    const { x, filter, bias, preluActivationWeights } = inputs as Record<string, TensorInfo | undefined>;
    const { activation, curve } = attrs as unknown as { activation: string; curve?: Curve };
    if (x === undefined || filter === undefined || preluActivationWeights !== undefined) return undefined;
    if (!isGemmActivation(activation)) return undefined;
    const info = depthwiseSizesOf(x.shape, filter.shape, attrs as unknown as DepthwiseAttrs);
    if (info === undefined || !isSupported(x, filter, bias)) return undefined;
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== info.outChannels)) return undefined;
    return depthwise(context, x, filter, info, { bias, activation, curve });
  },
  gradient: fusedDepthwiseConv2dGradient,
};
