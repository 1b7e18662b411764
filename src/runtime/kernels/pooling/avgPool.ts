import { AvgPool, AvgPoolGrad, engine, type Tensor } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';
import { pooled } from './pooling.ts';

/**
 * 2-D average pooling over the positions inside the image. A window entirely in the padding gives NaN.
 * Shapes    x [B, H, W, C] → [B, H′, W′, C]; any window, stride and padding
 * Units     float32, channels last
 * Throws    invalid-option: strides or windows below 1; other dtypes fall back to tfjs
 * Source    tfjs AvgPool
 * Differs   from tfjs-wasm, which pads some images wrongly
 */
export const avgPool: Kernel = {
  kernelName: AvgPool,
  run: (context, inputs, attrs) => pooled(context, 'avgPool', inputs, attrs),
  /** Hands the rounding mode on, which tfjs's own gradient forgets: sizes would no longer fit. */
  gradient: {
    inputsToSave: ['x'],
    gradFunc(dy, saved, attrs) {
      const [input] = saved as [Tensor];
      return { x: () => engine().runKernel(AvgPoolGrad, { dy: dy as Tensor, input }, attrs) as Tensor };
    },
  },
};
