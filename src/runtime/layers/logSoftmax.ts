import type { LayerPatch } from '../layerPatch.ts';
import { logSoftmax as activate } from '../ops/logSoftmax.ts';
import type { Tensor } from '../tf.ts';

/** Along the last axis; others are left to tfjs. */
export const logSoftmax: LayerPatch = {
  className: 'logSoftmax',
  method: 'apply',
  call: (_, x, axis) => (axis === undefined || (axis as unknown) === -1 ? activate(x as Tensor) : undefined),
};
