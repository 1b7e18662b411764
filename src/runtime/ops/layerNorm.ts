import { add, engine, moments, mul, ones, rsqrt, sub, type Tensor, tidy, zeros } from '../tf.ts';
import { isTwiceDerived } from './derivatives.ts';
import { hasKernel } from './kernelOr.ts';

/** In the gradient's kernel, a thread's scratch holds two floats for each feature. */
export const MOST_FEATURES = 2 ** 15;

/**
 * Normalises each row (the last axis) to zero mean and unit variance. Without gamma it does not scale, without beta it
 * does not shift.
 * Shapes    x [..., F], gamma [F], beta [F] → [..., F]
 * Source    Ba, Kiros, Hinton 2016, §3, arXiv:1607.06450
 */
export function layerNorm(x: Tensor, gamma: Tensor | undefined, beta: Tensor | undefined, epsilon: number): Tensor {
  return tidy(() => {
    const features = x.shape.at(-1) ?? 1;
    const isOneKernel = !isTwiceDerived() && features <= MOST_FEATURES;
    if (isOneKernel && hasKernel('LayerNorm', ...[x, gamma ?? x, beta ?? x])) {
      const inputs = { x, gamma: gamma ?? ones([features]), beta: beta ?? zeros([features]) };
      const [y] = engine().runKernel('LayerNorm', inputs, { epsilon }) as unknown as [Tensor, Tensor];
      return y;
    }
    const { mean, variance } = moments(x, -1, true);
    const normal = mul(sub(x, mean), rsqrt(add(variance, epsilon)));
    const scaled = gamma === undefined ? normal : mul(normal, gamma);
    return beta === undefined ? scaled : add(scaled, beta);
  });
}
