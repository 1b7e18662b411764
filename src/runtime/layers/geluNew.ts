import type { LayerPatch } from '../layerPatch.ts';
import { gelu } from '../ops/gelu.ts';
import type { Tensor } from '../tf.ts';

/** The form with tanh, which tfjs composes from eight operations. */
export const geluNew: LayerPatch = {
  className: 'gelu_new',
  method: 'apply',
  call: (_, x) => gelu(x as Tensor, 'tanh'),
};
