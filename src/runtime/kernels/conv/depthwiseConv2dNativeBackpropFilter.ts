import { DepthwiseConv2dNativeBackpropFilter, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { type DepthwiseAttrs, depthwiseBackFilter, depthwiseSizesOf, isOutputOf } from './depthwise.ts';

/**
 * Gradient of a depthwise convolution with respect to its filter.
 * Shapes    x [B, H, W, C], dy [B, H′, W′, C·M] → [K, K, C, M]
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes and sizes fall back to tfjs
 * Source    tfjs DepthwiseConv2dNativeBackpropFilter
 * Differs   takes dilations too, which tfjs ignores here
 */
export const depthwiseConv2dNativeBackpropFilter: Kernel = {
  kernelName: DepthwiseConv2dNativeBackpropFilter,
  run(context, inputs, attrs) {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape } = attrs as unknown as { filterShape: number[] };
    const info = depthwiseSizesOf(x.shape, filterShape, attrs as unknown as DepthwiseAttrs);
    if (info === undefined || !isSupported(x, dy) || !isOutputOf(info, dy)) return undefined;
    return depthwiseBackFilter(context, x, dy, info);
  },
};
