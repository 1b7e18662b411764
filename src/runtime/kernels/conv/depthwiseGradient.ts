import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  type Tensor,
} from '../../tf.ts';
import type { KernelGradient } from '../kernel.ts';

/**
 * Gradient of a depthwise convolution. A dilated one is left to tfjs's own, which refuses it as its specs demand; the
 * fused kernel, which layers run, and the two gradient kernels by their names take dilations.
 */
export const depthwiseGradient: KernelGradient = {
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
};
