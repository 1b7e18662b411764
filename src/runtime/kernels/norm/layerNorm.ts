import { sizeOf } from '../../../core/shape.ts';
import { engine, type Tensor, type TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isByChannel } from './batchNorm.ts';

/**
 * Layer normalisation over the last axis, and for the gradient each row's mean and inverse standard deviation.
 * Shapes    x [..., F], gamma [F], beta [F] → [..., F], [R, 2]
 * Units     float32
 * Gradient  reaches x, gamma and beta, from y only
 * Numerics  the variance is right to a few 1e-6 of itself, however large the mean
 * Throws    an error of tfjs where shapes or dtypes do not fit; `ops/layerNorm.ts` asks first
 * Source    Ba, Kiros, Hinton 2016, §3, arXiv:1607.06450
 */
export const layerNorm: Kernel = {
  kernelName: 'LayerNorm',
  run({ backend, pool, address }, inputs, attrs) {
    const { x, gamma, beta } = inputs as { x: TensorInfo; gamma: TensorInfo; beta: TensorInfo };
    if (!isSupported(x) || x.shape.length === 0 || !isByChannel(x, gamma, beta)) return undefined;
    const features = x.shape.at(-1) as number;
    const size = sizeOf(x.shape);
    const rows = size / features;
    const out = backend.makeOutput(x.shape, 'float32');
    const statistics = backend.makeOutput([rows, 2], 'float32');
    const addresses = [x, out, gamma, beta, statistics].map(address);
    pool.run('layerNorm', [...addresses, rows, features, floatBits(Number(attrs?.['epsilon']))], size * 4);
    return [out, statistics];
  },
  gradient: {
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, true],
    gradFunc(dys, saved) {
      const [dy] = dys as [Tensor];
      const [x, gamma, statistics] = saved as [Tensor, Tensor, Tensor];
      const gradients = engine().runKernel('LayerNormGrad', { dy, x, gamma, statistics }) as unknown as Tensor[];
      const [dx, dGamma, dBeta] = gradients as [Tensor, Tensor, Tensor];
      return { x: () => dx, gamma: () => dGamma, beta: () => dBeta };
    },
  },
};
