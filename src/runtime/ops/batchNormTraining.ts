import type { JoinedActivation } from '../joinedLayers.ts';
import { add, engine, moments, mul, ones, relu, relu6, rsqrt, sub, type Tensor, tidy, zeros } from '../tf.ts';
import { isTwiceDerived } from './derivatives.ts';
import { hasKernel } from './kernelOr.ts';

/** The normalised batch, and the mean and (biased) variance of each channel. */
export interface BatchNormTraining {
  readonly y: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Normalises each channel (the last axis) by the batch's own statistics. Without gamma it does not scale, without beta
 * it does not shift; y is activated where an activation is given. The caller owns the results.
 * Shapes    x [..., C], gamma [C], beta [C] → y [..., C], mean [C], variance [C]
 * Source    Ioffe, Szegedy 2015, algorithm 1, arXiv:1502.03167
 */
export function batchNormTraining(
  x: Tensor,
  gamma: Tensor | undefined,
  beta: Tensor | undefined,
  epsilon: number,
  activation?: JoinedActivation,
): BatchNormTraining {
  return tidy(() => {
    const channels = x.shape.at(-1) ?? 1;
    const isOneKernel = !isTwiceDerived() && hasKernel('BatchNormTraining', ...[x, gamma ?? x, beta ?? x]);
    if (isOneKernel) {
      const inputs = { x, gamma: gamma ?? ones([channels]), beta: beta ?? zeros([channels]) };
      const outputs = engine().runKernel('BatchNormTraining', inputs, {
        epsilon,
        ...(activation && { activation }),
      }) as unknown as Tensor[];
      const [y, mean, variance] = outputs as [Tensor, Tensor, Tensor];
      return { y, mean, variance };
    }
    const { mean, variance } = moments(x, [...x.shape.keys()].slice(0, -1));
    const normal = mul(sub(x, mean), rsqrt(add(variance, epsilon)));
    const scaled = gamma === undefined ? normal : mul(normal, gamma);
    const y = beta === undefined ? scaled : add(scaled, beta);
    return { y: activation === undefined ? y : { relu, relu6 }[activation](y), mean, variance };
  });
}
