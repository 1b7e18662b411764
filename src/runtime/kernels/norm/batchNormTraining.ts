import { engine, type Tensor, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isByChannel, type NormActivation, runBatchNorm } from './batchNorm.ts';

const STEPS = { sums: 'batchNormMoments', coefficients: 'batchNormFinish', apply: 'batchNormApply' } as const;

/**
 * Batch normalisation by the batch's own statistics: y, mean and (biased) variance of each channel. With the attribute
 * `activation` ('relu', 'relu6') y is activated before it is written, and its gradient masks what it reads, so that neither y
 * nor dy is written twice; factor and summand of y come out too.
 * Shapes    x [..., C], gamma [C], beta [C] → [..., C], [C], [C], and with an activation [2, C]
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
    const activation = attrs?.['activation'] as NormActivation | undefined;
    const end = activation && { activation, slopes: backend.makeOutput([2, ...gamma.shape], 'float32') };
    const operands = { x, gamma, beta, out, mean, variance };
    runBatchNorm(context, operands, Number(attrs?.['epsilon']), STEPS, end);
    return [out, mean, variance, ...(end === undefined ? [] : [end.slopes])];
  },
  gradient: {
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, true, true, true],
    gradFunc(dys, saved, attrs) {
      const [dy, dMean, dVariance] = dys as [Tensor, Tensor, Tensor];
      const [x, gamma, mean, variance, slopes] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor | undefined];
      const inputs = { dy, dMean, dVariance, x, gamma, mean, variance, ...(slopes && { slopes }) };
      const gradients = engine().runKernel('BatchNormTrainingGrad', inputs, attrs) as unknown as Tensor[];
      const [dx, dGamma, dBeta] = gradients as [Tensor, Tensor, Tensor];
      return { x: () => dx, gamma: () => dGamma, beta: () => dBeta };
    },
  },
};
