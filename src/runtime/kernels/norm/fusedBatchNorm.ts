import { add, FusedBatchNorm, mul, rsqrt, sub, sum, type Tensor, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel, type KernelGradient } from '../kernel.ts';
import { isByChannel, runBatchNorm } from './batchNorm.ts';

/** As tfjs has it. */
const DEFAULT_EPSILON = 0.001;

/**
 * Batch normalisation by given statistics, for inference.
 * Shapes    x [..., C], mean, variance, offset, scale [C] → [..., C]
 * Units     float32
 * Throws    nothing: statistics of other shapes and other dtypes fall back to tfjs
 * Source    tfjs FusedBatchNorm
 * Differs   its gradient by x is one product, where tfjs's makes five tensors as large as x
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
  gradient: byStatistics(),
};

/** By statistics of one number a channel; others are left to tfjs. */
function byStatistics(): KernelGradient {
  return {
    inputsToSave: ['x', 'mean', 'variance', 'scale'],
    gradFunc(dy, saved, attrs) {
      const [x, mean, variance, scale] = saved as unknown as [Tensor, Tensor, Tensor, Tensor | undefined];
      const upper = dy as Tensor;
      if (!isSupported(upper) || mean.rank !== 1 || variance.rank !== 1 || (scale?.rank ?? 1) !== 1) return undefined;
      const axes = x.shape.slice(0, -1).map((_, i) => i);
      const inverse = () => rsqrt(add(variance, Number(attrs['varianceEpsilon'] ?? DEFAULT_EPSILON)));
      const scaled = () => (scale === undefined ? inverse() : mul(inverse(), scale));
      const products = () => sum(mul(upper, sub(x, mean)), axes);
      return {
        x: () => mul(upper, scaled()),
        mean: () => mul(sum(upper, axes), mul(scaled(), -1)),
        variance: () => mul(products(), mul(mul(scaled(), mul(inverse(), inverse())), -0.5)),
        scale: () => mul(products(), inverse()),
        offset: () => sum(upper, axes),
      };
    },
  };
}
