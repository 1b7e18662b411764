import type { LayerPatch } from '../layerPatch.ts';
import { hardSigmoid as activate } from '../ops/hardSigmoid.ts';
import type { Tensor } from '../tf.ts';

/** Keras' slope of 0.2, as in tfjs. */
export const hardSigmoid: LayerPatch = {
  className: 'hardSigmoid',
  method: 'apply',
  call: (_, x) => activate(x as Tensor, 0.2),
};
