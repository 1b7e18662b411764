import { joinedActivation, markActivated } from '../joinedLayers.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { batchNormTraining } from '../ops/batchNormTraining.ts';
import { engine, type Tensor, tidy } from '../tf.ts';
import type { LayerVariable } from '../tfNamespace.ts';

/** Fields of tfjs-layers' BatchNormalization; the weights exist once it is built. */
interface BatchNormalizationLayer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: LayerVariable;
  readonly beta?: LayerVariable;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
}

/**
 * Batch normalisation in training: two kernel calls instead of some fifteen, and two instead of some thirty in the
 * gradient, with the activation behind it where nothing else reads its result. Inference is left to tfjs, which calls the kernel
 * FusedBatchNorm.
 * Differs   a layer without scale or center trains; in tfjs-layers it fails
 */
export const batchNormalization: LayerPatch = {
  className: 'BatchNormalization',
  call(layer, inputs, kwargs) {
    const { axis, momentum, epsilon, gamma, beta, movingMean, movingVariance } =
      layer as unknown as BatchNormalizationLayer;
    const [x, ...others] = [inputs].flat();
    const rank = x?.shape.length ?? 0;
    const isFitting = others.length === 0 && rank >= 2 && rank <= 4 && (axis === -1 || axis === rank - 1);
    if (!kwargs['training'] || x === undefined || !isFitting || x.dtype !== 'float32' || x.size === 0) return undefined;
    const activation = joinedActivation(layer);
    return tidy(() => {
      const result = batchNormTraining(x, gamma?.read(), beta?.read(), epsilon, activation);
      markActivated(layer);
      const statistics = {
        mean: movingMean.read(),
        variance: movingVariance.read(),
        batchMean: result.mean,
        batchVariance: result.variance,
      };
      const averages = engine().runKernel('MovingAverage', statistics, { momentum }) as unknown as Tensor[];
      const [mean, variance] = averages as [Tensor, Tensor];
      movingMean.write(mean);
      movingVariance.write(variance);
      return result.y;
    });
  },
};
