import { derivedSeed } from '../../core/random.ts';
import type { LayerPatch } from '../layerPatch.ts';
import { dropout as dropValues } from '../ops/dropout.ts';
import { mul, ones, type Tensor, tidy } from '../tf.ts';

interface DropoutLayer {
  readonly name: string;
  readonly rate: number;
  readonly seed?: number;
  /** The shape of the mask, if it is not that of the values: one number for a channel, say. */
  getNoiseShape(x: Tensor): readonly number[] | null | undefined;
}

/** How often each layer has run: the counter that gives every step a new mask. */
const steps = new WeakMap<object, number>();

export const dropoutCalls = (layer: object): number => steps.get(layer) ?? 0;

/** The next call is the one after so many: for a run that goes on, and for a step that is computed twice. */
export function setDropoutCalls(layer: object, calls: number): void {
  if (calls !== dropoutCalls(layer)) steps.set(layer, calls);
}

/**
 * Dropout layers draw from their seed and the number of their calls in training: the same seed gives the same masks,
 * while tfjs's own generator restarts each time, or gives others in each run. A layer without a seed derives one from its
 * name, so that two layers of a model differ. A recorded step counts too. Spatial dropout and noise shapes draw a smaller
 * mask.
 */
export const dropout: LayerPatch = {
  className: 'Dropout',
  call(layer, inputs, kwargs) {
    const given = layer as unknown as DropoutLayer;
    const { name, rate, seed } = given;
    const [x, ...others] = [inputs].flat() as Tensor[];
    if (kwargs?.['training'] !== true || !(rate > 0 && rate < 1)) return undefined;
    if (x === undefined || others.length > 0 || x.dtype !== 'float32') return undefined;
    const next = () => {
      const calls = dropoutCalls(layer);
      steps.set(layer, calls + 1);
      return calls;
    };
    const dropped = (values: Tensor) => dropValues(values, rate, seed ?? derivedSeed(0, name), next(), next);
    const shape = given.getNoiseShape(x);
    return shape == null ? dropped(x) : tidy(() => mul(x, dropped(ones([...shape]))));
  },
};
