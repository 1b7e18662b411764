import type { LayerPatch } from '../layerPatch.ts';
import { silu } from '../ops/silu.ts';
import type { Tensor } from '../tf.ts';

/** With a slope of 1, as every layer calls it; others are left to tfjs. */
export const swish: LayerPatch = {
  className: 'swish',
  method: 'apply',
  call: (_, x, alpha) => (alpha === undefined || (alpha as unknown) === 1 ? silu(x as Tensor) : undefined),
};
