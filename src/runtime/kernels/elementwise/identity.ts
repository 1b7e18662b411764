import { Identity, type TensorInfo } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';

/**
 * A clone: the same data under another name. Every value that a gradient saves is one.
 * Shapes    x [...] → [...]
 * Units     every dtype
 * Throws    nothing
 * Source    tfjs Identity
 * Differs   from tfjs-wasm, which copies. As in tfjs-wasm's Reshape two tensors then share their bytes, so what writes
 *           into a tensor in place must see that `backend.refCount` is 1
 */
export const identity: Kernel = {
  kernelName: Identity,
  run({ backend }, { x }) {
    const { dataId, shape, dtype } = x as TensorInfo;
    backend.incRef(dataId);
    return { dataId, shape, dtype };
  },
};
