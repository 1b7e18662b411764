import { add, clipByValue, mul, type Tensor, tidy } from '../tf.ts';
import { kernelOr } from './kernelOr.ts';

/**
 * x · clip(x + 3, 0, 6) / 6, the activation of MobileNetV3.
 * Source    Howard et al. 2019, §5.2, arXiv:1905.02244
 */
export function hardSwish(x: Tensor): Tensor {
  return kernelOr('HardSwish', { x }, {}, () => tidy(() => mul(x, mul(clipByValue(add(x, 3), 0, 6), 1 / 6))));
}
