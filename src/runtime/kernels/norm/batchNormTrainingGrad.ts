import type { TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isByChannel, type NormActivation, runBatchNorm } from './batchNorm.ts';

const STEPS = { sums: 'batchNormGradSums', coefficients: 'batchNormGradFinish', apply: 'batchNormGradApply' } as const;

/**
 * Gradient of batch normalisation by the batch's own statistics, and of the activation behind it: dy counts where y, computed
 * again from x, is above 0 (relu), and at most 6 (relu6).
 * Shapes    dy, x [..., C], gamma, mean, variance, dMean, dVariance [C], with an activation slopes [2, C]
 *           → dx [..., C], dgamma [C], dbeta [C]
 * Units     float32; mean and variance as the forward pass gave them
 * Throws    an error of tfjs where shapes or dtypes do not fit
 * Source    Ioffe, Szegedy 2015, §3, arXiv:1502.03167
 */
export const batchNormTrainingGrad: Kernel = {
  kernelName: 'BatchNormTrainingGrad',
  run(context, inputs, attrs) {
    const { dy, x, gamma, mean, variance, dMean, dVariance, slopes } = inputs as Record<string, TensorInfo> &
      GradInputs;
    const isFitting =
      isSupported(x, dy) &&
      x.shape.length > 0 &&
      isSameShape(x, dy) &&
      isByChannel(x, gamma, mean, variance, dMean, dVariance);
    if (!isFitting) return undefined;
    const { backend } = context;
    const out = backend.makeOutput(x.shape, 'float32');
    const dGamma = backend.makeOutput(gamma.shape, 'float32');
    const dBeta = backend.makeOutput(gamma.shape, 'float32');
    const operands = { dy, x, gamma, mean, variance, dMean, dVariance, out, dGamma, dBeta };
    const activation = attrs?.['activation'] as NormActivation | undefined;
    const end = activation && slopes && { activation, slopes };
    runBatchNorm(context, operands, Number(attrs?.['epsilon']), STEPS, end);
    return [out, dGamma, dBeta];
  },
};

interface GradInputs {
  readonly dy: TensorInfo;
  readonly x: TensorInfo;
  readonly gamma: TensorInfo;
}

function isSameShape(a: TensorInfo, b: TensorInfo): boolean {
  return a.shape.join() === b.shape.join();
}
