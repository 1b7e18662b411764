import { sizeOf } from '../../../core/shape.ts';
import { mul, reshape, sum, type Tensor, type TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { reductionOf } from '../reduce/reduction.ts';

interface BroadcastAttrs {
  /** Of the result. */
  readonly shape: number[];
  /** Axes of the result along which x is repeated. */
  readonly axes: number[];
  readonly scale: number;
}

/**
 * Repeats x along adjacent axes, times a scale: the gradient of Sum and Mean in one pass.
 * Shapes    x [..., ...] or [..., 1, ...] → [..., axes, ...]
 * Units     float32
 * Throws    tfjs's error if x does not fit
 * Source    the gradients of tfjs Sum and Mean, which multiply by a tensor of ones
 */
export const broadcast: Kernel = {
  kernelName: 'Broadcast',
  run({ backend, pool, address }, inputs, attrs) {
    const { x } = inputs as { x: TensorInfo };
    const { shape, axes, scale } = attrs as unknown as BroadcastAttrs;
    const plan = reductionOf(shape, axes);
    if (shape.some((length) => !Number.isInteger(length) || length < 1) || sizeOf(shape) >= 2 ** 28) return undefined;
    if (plan === undefined || !isSupported(x) || sizeOf(x.shape) !== plan.outer * plan.inner) return undefined;
    const out = backend.makeOutput(shape, 'float32');
    const { outer, reduce, inner } = plan;
    const words = [address(x), address(out), outer, reduce, inner, 0, 0, 0, 0, 0, floatBits(scale)];
    pool.run('broadcast', words, outer * reduce * inner);
    return out;
  },
  gradient: {
    inputsToSave: ['x'],
    gradFunc(dy, [x], attrs) {
      const { axes, scale } = attrs as unknown as BroadcastAttrs;
      return { x: () => reshape(mul(sum(dy as Tensor, axes), scale), (x as Tensor).shape) };
    },
  },
};
