import { DepthwiseConv2dNativeBackpropInput, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { type DepthwiseAttrs, depthwiseBackInput, depthwiseSizesOf, isOutputOf } from './depthwise.ts';

/**
 * Gradient of a depthwise convolution with respect to its input.
 * Shapes    dy [B, H′, W′, C·M], filter [K, K, C, M] → [B, H, W, C]
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes and sizes fall back to tfjs
 * Source    tfjs DepthwiseConv2dNativeBackpropInput
 * Differs   takes dilations too, which tfjs ignores here
 */
export const depthwiseConv2dNativeBackpropInput: Kernel = {
  kernelName: DepthwiseConv2dNativeBackpropInput,
  run(context, inputs, attrs) {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape } = attrs as unknown as { inputShape: number[] };
    const info = depthwiseSizesOf(inputShape, filter.shape, attrs as unknown as DepthwiseAttrs);
    if (info === undefined || !isSupported(dy, filter) || !isOutputOf(info, dy)) return undefined;
    return depthwiseBackInput(context, dy, filter, info);
  },
};
