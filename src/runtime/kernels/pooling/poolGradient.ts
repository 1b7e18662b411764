import { AvgPoolGrad, engine, MaxPoolGrad, type Tensor } from '../../tf.ts';
import type { KernelGradient } from '../kernel.ts';

/** Gradient of max pooling that hands the rounding mode on. tfjs's own forgets it, and sizes no longer fit. */
export const maxPoolGradient: KernelGradient = {
  inputsToSave: ['x'],
  outputsToSave: [true],
  gradFunc(dy, saved, attrs) {
    const [input, output] = saved as [Tensor, Tensor];
    return { x: () => engine().runKernel(MaxPoolGrad, { dy: dy as Tensor, input, output }, attrs) as Tensor };
  },
};

/** The same of average pooling. */
export const avgPoolGradient: KernelGradient = {
  inputsToSave: ['x'],
  gradFunc(dy, saved, attrs) {
    const [input] = saved as [Tensor];
    return { x: () => engine().runKernel(AvgPoolGrad, { dy: dy as Tensor, input }, attrs) as Tensor };
  },
};
