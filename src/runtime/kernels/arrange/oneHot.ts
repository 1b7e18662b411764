import { Cast, type DataType, Equal, OneHot, Range } from '../../tf.ts';
import { call, free, reshaped } from '../fallbacks/composed.ts';
import type { Kernel } from '../kernel.ts';

/**
 * 1 at each index, else 0.
 * Shapes    indices [...] → [..., depth]
 * Units     indices int32, ignored if out of range; float32 or int32 out
 * Throws    nothing: other values than 1 and 0, and other dtypes, fall back to tfjs
 * Source    tfjs OneHot
 * Differs   from tfjs-wasm, which writes the bits of an integer if asked for float32
 */
export const oneHot: Kernel = {
  kernelName: OneHot,
  run(context, { indices }, attrs) {
    const { depth, dtype, onValue, offValue } = attrs as unknown as OneHotAttrs;
    if (indices === undefined || indices.dtype !== 'int32' || indices.shape.includes(0)) return undefined;
    if (onValue !== 1 || offValue !== 0 || (dtype !== 'float32' && dtype !== 'int32')) return undefined;
    const places = call(context, Range, {}, { start: 0, stop: depth, step: 1, dtype: 'int32' });
    const columns = reshaped(context, indices, [...indices.shape, 1]);
    const isThere = call(context, Equal, { a: columns, b: places });
    const out = call(context, Cast, { x: isThere }, { dtype });
    free(context, places, columns, isThere);
    return out;
  },
};

interface OneHotAttrs {
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
  readonly dtype: DataType;
}
