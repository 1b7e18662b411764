import { Conv2D, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { conv2dGradient } from './conv2dGradient.ts';
import { type ConvAttrs, convInfoOf, convolve } from './convolution.ts';

/**
 * 2-D convolution.
 * Shapes    x [B, H, W, C], filter [K, K, C, F] → [B, H′, W′, F]; any stride, dilation, padding, channel count
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other layouts and dtypes fall back to tfjs
 * Source    tfjs Conv2D
 */
export const conv2d: Kernel = {
  kernelName: Conv2D,
  run(context, inputs, attrs) {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    const info = convInfoOf(x.shape, filter.shape, attrs as unknown as ConvAttrs);
    if (info === undefined || !isSupported(x, filter)) return undefined;
    return convolve(context, x, filter, info);
  },
  gradient: conv2dGradient,
};
