import { Cast, type DataType } from '../tf.ts';
import type { Kernel } from './kernel.ts';

/**
 * A tensor in the type that it has: the same values under another name. tfjs's gradient of a product casts its operands.
 * Shapes    x of any → the same
 * Units     any
 * Throws    nothing: other types are tfjs's to convert
 * Source    tfjs Cast, which copies
 */
export const cast: Kernel = {
  kernelName: Cast,
  run({ backend }, { x }, attrs) {
    const { dtype } = attrs as unknown as { dtype: DataType };
    if (x === undefined || x.dtype !== dtype || dtype === 'string' || dtype === 'complex64') return undefined;
    backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype };
  },
};
