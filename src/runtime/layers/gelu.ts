import type { LayerPatch } from '../layerPatch.ts';
import { gelu as activate } from '../ops/gelu.ts';
import type { Tensor } from '../tf.ts';

/** tfjs composes this activation from five operations, and its error function is off by 1.5e-7. */
export const gelu: LayerPatch = {
  className: 'gelu',
  method: 'apply',
  call: (_, x) => activate(x as Tensor),
};
