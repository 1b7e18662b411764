import { sizeOf } from '../../../core/shape.ts';
import { MOST_FEATURES } from '../../ops/layerNorm.ts';
import type { TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isByChannel } from './batchNorm.ts';

/** Rows are summed in chunks, for gamma and beta; the number of chunks depends only on the sizes. */
const MOST_CHUNKS = 64;
const CHUNK_VALUES = 8192;
const CHUNK_ROWS = 8;

/**
 * Gradient of layer normalisation over the last axis.
 * Shapes    dy, x [..., F], gamma [F], statistics [R, 2] → dx [..., F], dgamma [F], dbeta [F]
 * Units     float32; statistics as the forward pass gave them: mean and inverse standard deviation of each row
 * Throws    an error of tfjs where shapes or dtypes do not fit
 * Source    Ba, Kiros, Hinton 2016, §3, arXiv:1607.06450
 */
export const layerNormGrad: Kernel = {
  kernelName: 'LayerNormGrad',
  run({ backend, pool, address }, inputs) {
    const { dy, x, gamma, statistics } = inputs as Record<string, TensorInfo> & GradInputs;
    const size = sizeOf(x.shape);
    const features = x.shape.at(-1) ?? 0;
    const rows = size / features;
    if (!isSupported(dy, x, statistics) || sizeOf(dy.shape) !== size || !isByChannel(x, gamma)) return undefined;
    if (features > MOST_FEATURES || sizeOf(statistics.shape) !== rows * 2) return undefined;
    const chunks = Math.max(1, Math.min(MOST_CHUNKS, Math.floor(rows / CHUNK_ROWS), Math.floor(size / CHUNK_VALUES)));
    const out = backend.makeOutput(x.shape, 'float32');
    const dGamma = backend.makeOutput(gamma.shape, 'float32');
    const dBeta = backend.makeOutput(gamma.shape, 'float32');
    const partials = pool.scratch(chunks * features * 16);
    const addresses = [x, dy, out, gamma, statistics, dGamma, dBeta].map(address);
    const words = [...addresses, rows, features, chunks, partials];
    pool.run('layerNormGrad', words, size * 6);
    pool.run('layerNormGradFinish', words, features * chunks * 2);
    return [out, dGamma, dBeta];
  },
};

interface GradInputs {
  readonly dy: TensorInfo;
  readonly x: TensorInfo;
  readonly gamma: TensorInfo;
  readonly statistics: TensorInfo;
}
