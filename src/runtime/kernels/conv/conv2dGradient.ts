import { Conv2DBackpropFilter, Conv2DBackpropInput, engine, type Tensor } from '../../tf.ts';
import type { KernelGradient } from '../kernel.ts';

/** Gradient of Conv2D that hands dilations on. tfjs's own refuses a dilated convolution before any kernel is asked. */
export const conv2dGradient: KernelGradient = {
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
};
