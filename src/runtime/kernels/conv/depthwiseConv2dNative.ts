import {
  backend_util,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  type Tensor,
  type TensorInfo,
} from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { type DepthwiseAttrs, depthwise, depthwiseSizesOf } from './depthwise.ts';

/**
 * Depthwise 2-D convolution: every channel has M filters of its own.
 * Shapes    x [B, H, W, C], filter [K, K, C, M] → [B, H′, W′, C·M]; any stride, dilation, padding, channel count
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other layouts and dtypes fall back to tfjs
 * Source    tfjs DepthwiseConv2dNative
 * Differs   takes strides and dilations together, which tfjs's cpu backend refuses
 */
export const depthwiseConv2dNative: Kernel = {
  kernelName: DepthwiseConv2dNative,
  run(context, inputs, attrs) {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    const info = depthwiseSizesOf(x.shape, filter.shape, attrs as unknown as DepthwiseAttrs);
    if (info === undefined || !isSupported(x, filter)) return undefined;
    return depthwise(context, x, filter, info);
  },
  /**
   * A dilated convolution is left to tfjs's own gradient, which refuses it as its specs demand; the fused kernel, which
   * layers run, and the two gradient kernels take dilations.
   */
  gradient: {
    inputsToSave: ['x', 'filter'],
    gradFunc(dy, saved, attrs) {
      const { dilations } = attrs as unknown as { dilations: [number, number] | number };
      if (!backend_util.tupleValuesAreOne(dilations)) return undefined;
      const [x, filter] = saved as [Tensor, Tensor];
      return {
        x: () =>
          engine().runKernel(
            DepthwiseConv2dNativeBackpropInput,
            { dy: dy as Tensor, filter },
            { ...attrs, inputShape: x.shape },
          ) as Tensor,
        filter: () =>
          engine().runKernel(
            DepthwiseConv2dNativeBackpropFilter,
            { x, dy: dy as Tensor },
            { ...attrs, filterShape: filter.shape },
          ) as Tensor,
      };
    },
  },
};
