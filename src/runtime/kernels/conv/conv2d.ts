import { Conv2D, Conv2DBackpropFilter, Conv2DBackpropInput, engine, type Tensor, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
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
  /** Passes dilations on; tfjs's own gradient refuses a dilated convolution before any kernel runs. */
  gradient: {
    inputsToSave: ['x', 'filter'],
    gradFunc(dy, saved, attrs) {
      const [x, filter] = saved as [Tensor, Tensor];
      return {
        x: () =>
          engine().runKernel(
            Conv2DBackpropInput,
            { dy: dy as Tensor, filter },
            { ...attrs, inputShape: x.shape },
          ) as Tensor,
        filter: () =>
          engine().runKernel(
            Conv2DBackpropFilter,
            { x, dy: dy as Tensor },
            { ...attrs, filterShape: filter.shape },
          ) as Tensor,
      };
    },
  },
};
