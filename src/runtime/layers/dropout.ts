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

/** How often each layer has run: the counter that gives every step a new mask. */
const steps = new WeakMap<object, number>();

export const dropoutCalls = (layer: object): number => steps.get(layer) ?? 0;

/** For a run that goes on: the next call is the one after so many. */
export function setDropoutCalls(layer: object, calls: number): void {
  if (calls > 0) steps.set(layer, calls);
}

/**
 * Dropout layers draw from their seed and the number of their calls in training: the same seed gives the same masks,
 * while tfjs's own generator restarts each time. A layer without a seed derives one from its name, so that two layers
 * of a model differ. Spatial dropout and noise shapes are left to tfjs.
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
