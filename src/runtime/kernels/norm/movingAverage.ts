import type { TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel } from '../kernel.ts';

/**
 * New moving averages of mean and variance: old − (old − new) · (1 − momentum), rounded as tfjs-layers rounds it.
 * Shapes    mean, variance, batchMean, batchVariance [C] → [C], [C]
 * Units     float32
 * Throws    an error of tfjs where shapes or dtypes do not fit
 * Source    tfjs-layers BatchNormalization
 */
export const movingAverage: Kernel = {
  kernelName: 'MovingAverage',
  run({ backend, pool, address }, inputs, attrs) {
    const { mean, variance, batchMean, batchVariance } = inputs as Record<string, TensorInfo> & { mean: TensorInfo };
    const tensors = [mean, batchMean, variance, batchVariance] as TensorInfo[];
    const channels = mean.shape[0] ?? 0;
    const isVector = ({ shape }: TensorInfo) => shape.length === 1 && shape[0] === channels;
    if (!isSupported(...tensors) || !tensors.every(isVector)) return undefined;
    const outputs = [backend.makeOutput(mean.shape, 'float32'), backend.makeOutput(mean.shape, 'float32')] as const;
    const [oldMean, newMean, oldVariance, newVariance] = tensors.map(address);
    const addresses = [oldMean, newMean, address(outputs[0]), oldVariance, newVariance, address(outputs[1])];
    const decay = floatBits(1 - Number(attrs?.['momentum']));
    pool.run('movingAverage', [...(addresses as number[]), channels, decay], 0);
    return [...outputs];
  },
};
