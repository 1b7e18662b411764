import { Conv2DBackpropFilter, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { type ConvAttrs, convInfoOf, convolveBackFilter } from './convolution.ts';

/**
 * Gradient of a 2-D convolution with respect to its filter.
 * Shapes    x [B, H, W, C], dy [B, H′, W′, F] → [K, K, C, F]
 * Units     float32, channels last; the sum over pixels is split into chunks whose number depends only on the sizes
 * Throws    invalid-option: strides or windows below 1; other layouts and dtypes fall back to tfjs
 * Source    tfjs Conv2DBackpropFilter
 * Differs   takes dilations too, which tfjs refuses
 */
export const conv2dBackpropFilter: Kernel = {
  kernelName: Conv2DBackpropFilter,
  run(context, inputs, attrs) {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape } = attrs as unknown as { filterShape: number[] };
    const info = convInfoOf(x.shape, filterShape, attrs as unknown as ConvAttrs);
    if (info === undefined || !isSupported(x, dy)) return undefined;
    if (dy.shape.length !== 4 || dy.shape.some((length, axis) => length !== info.outShape[axis])) return undefined;
    return convolveBackFilter(context, x, dy, info);
  },
};
