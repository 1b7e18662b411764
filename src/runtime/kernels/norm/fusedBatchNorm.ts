import { FusedBatchNorm, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { isByChannel, runBatchNorm } from './batchNorm.ts';

/** As tfjs has it. */
const DEFAULT_EPSILON = 0.001;

/**
 * Batch normalisation by given statistics, for inference.
 * Shapes    x [..., C], mean, variance, offset, scale [C] → [..., C]
 * Units     float32
 * Throws    nothing: statistics of other shapes and other dtypes fall back to tfjs
 * Source    tfjs FusedBatchNorm
 */
export const fusedBatchNorm: Kernel = {
  kernelName: FusedBatchNorm,
  run(context, inputs, attrs) {
    const { x, mean, variance, offset, scale } = inputs as Record<string, TensorInfo> & { x: TensorInfo };
    if (!isSupported(x) || x.shape.length === 0 || !isByChannel(x, mean, variance, offset, scale)) return undefined;
    const out = context.backend.makeOutput(x.shape, 'float32');
    const operands = { x, mean, variance, gamma: scale ?? undefined, beta: offset ?? undefined, out };
    runBatchNorm(context, operands, Number(attrs?.['varianceEpsilon'] ?? DEFAULT_EPSILON), {
      coefficients: 'batchNormCoefficients',
      apply: 'batchNormApply',
    });
    return out;
  },
};
