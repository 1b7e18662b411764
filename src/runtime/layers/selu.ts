import type { LayerPatch } from '../layerPatch.ts';
import { selu as activate } from '../ops/selu.ts';
import type { Tensor } from '../tf.ts';

export const selu: LayerPatch = {
  className: 'selu',
  method: 'apply',
  call: (_, x) => activate(x as Tensor),
};
