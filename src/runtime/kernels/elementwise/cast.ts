import { sizeOf } from '../../../core/shape.ts';
import { Cast, type DataType } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';

/** As `wasm/unary/convert.ts` numbers them, after the functions of one value. */
const CONVERSIONS: Readonly<Record<string, number>> = { 'bool float32': 32, 'bool int32': 33, 'int32 float32': 34 };

/**
 * A tensor in another type, or in its own type, which gives the same values under another name. tfjs's gradient of a
 * product casts its operands.
 * Shapes    x of any → the same
 * Units     any to itself; booleans to numbers, integers to float32
 * Throws    nothing: other types are left to tfjs
 * Source    tfjs Cast, which copies
 */
export const cast: Kernel = {
  kernelName: Cast,
  run({ backend, pool, address }, { x }, attrs) {
    const { dtype } = attrs as unknown as { dtype: DataType };
    if (x === undefined || dtype === 'string' || dtype === 'complex64') return undefined;
    if (x.dtype === dtype) {
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype };
    }
    const op = CONVERSIONS[`${x.dtype} ${dtype}`];
    const count = sizeOf(x.shape);
    if (op === undefined || count === 0 || count >= 2 ** 28) return undefined;
    const out = backend.makeOutput(x.shape, dtype);
    pool.run('unary', [address(x), address(out), count, op, 0, 0, 0, 0, 0, 0], count * 2);
    return out;
  },
};
