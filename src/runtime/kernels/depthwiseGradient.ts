import { DepthwiseConv2dNativeBackpropFilter, DepthwiseConv2dNativeBackpropInput, engine, type Tensor } from '../tf.ts';
import type { KernelGradient } from './kernel.ts';

/** Gradient of a depthwise convolution that hands dilations on; tfjs's own refuses them before any kernel is asked. */
export const depthwiseGradient: KernelGradient = {
  inputsToSave: ['x', 'filter'],
  gradFunc(dy, saved, attrs) {
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
