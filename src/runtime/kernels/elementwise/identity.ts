import { Identity, type TensorInfo } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';

/**
 * A clone: the same data under another name, such as every value that a gradient saves.
 * Shapes    x [...] → [...]
 * Units     every dtype
 * Throws    nothing
 * Source    tfjs Identity
 * Differs   from tfjs-wasm, which copies. As in tfjs-wasm's Reshape, two tensors then share their bytes, so code that
 *           writes into a tensor in place must check that `backend.refCount` is 1
 */
export const identity: Kernel = {
  kernelName: Identity,
  run({ backend }, { x }) {
    const { dataId, shape, dtype } = x as TensorInfo;
    backend.incRef(dataId);
    return { dataId, shape, dtype };
  },
};
