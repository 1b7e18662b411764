import type { LayerPatch } from '../layerPatch.ts';
import { relu6, type Tensor } from '../tf.ts';
import { activation } from './activation.ts';

/** As the layer Activation; up to 6 it is one kernel, where tfjs takes two and the second is its own. */
export const reLU: LayerPatch = {
  className: 'ReLU',
  call(layer, ...inputs) {
    const { maxValue } = layer as unknown as { readonly maxValue?: number | null };
    return activation.call(layer, ...inputs) ?? (maxValue === 6 ? relu6([inputs[0]].flat()[0] as Tensor) : undefined);
  },
};
