import { add, clipByValue, mul, type Tensor, tidy } from '../tf.ts';
import { kernelOr } from './kernelOr.ts';

/**
 * clip(slope · x + ½, 0, 1). The slope is 0.2 in Keras and tfjs, 1/6 in PyTorch and MobileNetV3.
 * Source    tfjs-layers hardSigmoid; Howard et al. 2019, §5.2, arXiv:1905.02244
 */
export function hardSigmoid(x: Tensor, slope = 1 / 6): Tensor {
  return kernelOr('HardSigmoid', { x }, { alpha: slope }, () => tidy(() => clipByValue(add(mul(x, slope), 0.5), 0, 1)));
}
