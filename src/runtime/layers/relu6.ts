import type { LayerPatch } from '../layerPatch.ts';
import { type Tensor, relu6 as tfjsRelu6 } from '../tf.ts';

/** One operation of tfjs-core; tfjs-layers composes it from two. */
export const relu6: LayerPatch = {
  className: 'relu6',
  method: 'apply',
  call: (_, x) => tfjsRelu6(x as Tensor),
};
