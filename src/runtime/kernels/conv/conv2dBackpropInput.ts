import { Conv2DBackpropInput, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { type ConvAttrs, convInfoOf, convolveBackInput } from './convolution.ts';

/**
 * Gradient of a 2-D convolution with respect to its input; also the transposed convolution.
 * Shapes    dy [B, H′, W′, F], filter [K, K, C, F] → [B, H, W, C]
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other layouts and dtypes fall back to tfjs
 * Source    tfjs Conv2DBackpropInput
 * Differs   takes dilations too, which tfjs refuses
 */
export const conv2dBackpropInput: Kernel = {
  kernelName: Conv2DBackpropInput,
  run(context, inputs, attrs) {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape } = attrs as unknown as { inputShape: number[] };
    const info = convInfoOf(inputShape, filter.shape, attrs as unknown as ConvAttrs);
    if (info === undefined || !isSupported(dy, filter)) return undefined;
    // tfjs accepts a gradient larger than its output, and reads its first corner.
    if (dy.shape.length !== 4 || dy.shape.some((length, axis) => length !== info.outShape[axis])) return undefined;
    return convolveBackInput(context, dy, filter, info);
  },
};
