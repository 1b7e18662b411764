import { sizeOf } from '../../../core/shape.ts';
import { AddN, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';

/** How many inputs an argument block has room for. */
const MOST_INPUTS = 61;

/**
 * Sum of several tensors of one shape, in one pass and in their order.
 * Shapes    N times [...] → [...]
 * Units     float32
 * Throws    nothing: other dtypes, and more than 61 tensors, fall back to tfjs
 * Source    tfjs AddN
 */
export const addN: Kernel = {
  kernelName: AddN,
  run({ backend, pool, address }, inputs) {
    const tensors = Object.values(inputs) as TensorInfo[];
    const [first] = tensors;
    if (first === undefined || tensors.length > MOST_INPUTS || !isSupported(...tensors)) return undefined;
    const count = sizeOf(first.shape);
    if (tensors.some(({ shape }) => sizeOf(shape) !== count)) return undefined;
    const out = backend.makeOutput(first.shape, 'float32');
    pool.run('addN', [address(out), count, tensors.length, ...tensors.map(address)], count * (tensors.length + 1));
    return out;
  },
};
