import { LimbeckError } from '../../core/errors.ts';
import {
  backend_util,
  Conv2D,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  engine,
  type GradConfig,
  getBackend,
  type Tensor,
} from '../tf.ts';

/**
 * Gradient of Conv2D that hands dilations on. tfjs's own refuses a dilated convolution before any kernel is asked.
 * It is registered while kernels are installed, for every backend, and the kernels of another backend would overlook
 * the dilations.
 * Throws    backend-unavailable: the convolution is dilated and the current backend is not wasm
 */
export const conv2dGradient: GradConfig = {
  kernelName: Conv2D,
  inputsToSave: ['x', 'filter'],
  gradFunc(dy, saved, attrs) {
    const [x, filter] = saved as [Tensor, Tensor];
    const { dilations } = attrs as unknown as { dilations: [number, number] | number };
    if (getBackend() !== 'wasm' && !backend_util.tupleValuesAreOne(dilations)) {
      throw new LimbeckError(
        'backend-unavailable',
        `Only the wasm backend has gradients of a dilated convolution (dilations ${dilations}); the current one is ` +
          `"${getBackend()}". Call setBackend('wasm') before training, or use dilations of 1.`,
      );
    }
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
