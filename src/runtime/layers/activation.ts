import { isActivated } from '../joinedLayers.ts';
import type { LayerPatch } from '../layerPatch.ts';
import type { Tensor } from '../tf.ts';

/** An activation that the layer before computed with its own result: it passes that on. */
export const activation: LayerPatch = {
  className: 'Activation',
  call: (layer, inputs) => (isActivated(layer) ? ([inputs].flat()[0] as Tensor) : undefined),
};
