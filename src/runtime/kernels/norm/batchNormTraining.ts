import { engine, type Tensor, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isByChannel, runBatchNorm } from './batchNorm.ts';

/**
 * Batch normalisation by the batch's own statistics: y, mean and (biased) variance of each channel.
 * Shapes    x [..., C], gamma [C], beta [C] → [..., C], [C], [C]
 * Units     float32; the variance over N values, not N − 1
 * Gradient  reaches x, gamma and beta, from y, mean and variance
 * Numerics  the variance is right to a few 1e-6 of itself, however large the mean
 * Throws    an error of tfjs where shapes or dtypes do not fit; `ops/batchNormTraining.ts` asks first
 * Source    Ioffe, Szegedy 2015, algorithm 1, arXiv:1502.03167
 */
export const batchNormTraining: Kernel = {
  kernelName: 'BatchNormTraining',
  run(context, inputs, attrs) {
    const { x, gamma, beta } = inputs as { x: TensorInfo; gamma: TensorInfo; beta: TensorInfo };
    if (!isSupported(x) || x.shape.length === 0 || !isByChannel(x, gamma, beta)) return undefined;
    const { backend } = context;
    const out = backend.makeOutput(x.shape, 'float32');
    const mean = backend.makeOutput(gamma.shape, 'float32');
    const variance = backend.makeOutput(gamma.shape, 'float32');
    runBatchNorm(context, { x, gamma, beta, out, mean, variance }, Number(attrs?.['epsilon']), {
      sums: 'batchNormMoments',
      coefficients: 'batchNormFinish',
      apply: 'batchNormApply',
    });
    return [out, mean, variance];
  },
  gradient: {
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, true, true],
    gradFunc(dys, saved, attrs) {
      const [dy, dMean, dVariance] = dys as [Tensor, Tensor, Tensor];
      const [x, gamma, mean, variance] = saved as [Tensor, Tensor, Tensor, Tensor];
      const inputs = { dy, dMean, dVariance, x, gamma, mean, variance };
      const gradients = engine().runKernel('BatchNormTrainingGrad', inputs, attrs) as unknown as Tensor[];
      const [dx, dGamma, dBeta] = gradients as [Tensor, Tensor, Tensor];
      return { x: () => dx, gamma: () => dGamma, beta: () => dBeta };
    },
  },
};
