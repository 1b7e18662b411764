import { derivedSeed } from '../../core/random.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { dropout as dropValues } from '../ops/dropout.ts';
import type { Tensor } from '../tf.ts';

interface DropoutLayer {
  readonly name: string;
  readonly rate: number;
  readonly seed?: number;
  readonly noiseShape?: readonly number[];
}

/** How often each layer has dropped: the counter that makes every step's mask another. */
const steps = new WeakMap<object, number>();

/**
 * Dropout layers draw from the layer's seed and the number of its calls in training: the same seed gives the same masks,
 * where tfjs's own generator starts anew each time. A layer without a seed takes one from its name, so that two layers of
 * one model differ. Spatial dropout and noise shapes are left to tfjs.
 */
export const dropout: LayerPatch = {
  className: 'Dropout',
  call(layer, inputs, kwargs) {
    const { name, rate, seed, noiseShape } = layer as unknown as DropoutLayer;
    const [x, ...others] = [inputs].flat() as Tensor[];
    if (layer.getClassName() !== 'Dropout' || kwargs?.['training'] !== true || noiseShape != null) return undefined;
    if (x === undefined || others.length > 0 || x.dtype !== 'float32' || !(rate > 0 && rate < 1)) return undefined;
    const step = steps.get(layer) ?? 0;
    steps.set(layer, step + 1);
    return dropValues(x, rate, seed ?? derivedSeed(0, name), step);
  },
};
