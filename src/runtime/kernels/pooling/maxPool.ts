import { engine, MaxPool, MaxPoolGrad, type Tensor } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';
import { pooled } from './pooling.ts';

/**
 * 2-D max pooling. NaN is never the largest value; a window entirely in the padding gives −∞, as in tfjs's cpu backend.
 * Shapes    x [B, H, W, C] → [B, H′, W′, C]; any window, stride and padding
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes fall back to tfjs
 * Source    tfjs MaxPool
 * Differs   from tfjs-wasm, which writes out of bounds for windows of 1 × 1 and pads some images wrongly
 */
export const maxPool: Kernel = {
  kernelName: MaxPool,
  run: (context, inputs, attrs) => pooled(context, 'maxPool', inputs, attrs),
  /** Hands the rounding mode on, which tfjs's own gradient forgets: sizes would no longer fit. */
  gradient: {
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc(dy, saved, attrs) {
      const [input, output] = saved as [Tensor, Tensor];
      return { x: () => engine().runKernel(MaxPoolGrad, { dy: dy as Tensor, input, output }, attrs) as Tensor };
    },
  },
};
