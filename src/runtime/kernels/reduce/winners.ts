import { sizeOf } from '../../../core/shape.ts';
import { ArgMax, Max, Min, type TensorInfo, TopK } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { axesOf, reductionOf } from './reduction.ts';

/** As `wasm/winners/index.ts` numbers them. */
const ARG_MAX = 2;
const TOP = 3;
/** For more, sorting is faster than choosing one by one. */
const MOST_CHOSEN = 64;

/**
 * The largest and smallest values over adjacent axes; the position of the largest along the last axis, and its k
 * largest.
 * Shapes    x [..., axes, ...] → [..., ...], each axis kept as 1 with keepDims; x [..., C] → [...] and [..., k]
 * Units     float32; positions int32. A NaN makes a maximum NaN, and is among the k largest only if there are no others
 * Throws    nothing: axes with another between them, more than 64 of the largest, and other dtypes fall back to tfjs
 * Source    tfjs Max, Min, ArgMax, TopK
 */
export const winners: readonly Kernel[] = [
  ...[Max, Min].map(
    (kernelName, op): Kernel => ({
      kernelName,
      run({ backend, pool, address }, { x }, attrs) {
        if (x === undefined || !isSupported(x)) return undefined;
        const axes = axesOf(x.shape, attrs?.[kernelName === Max ? 'reductionIndices' : 'axis']);
        const plan = reductionOf(x.shape, axes);
        if (plan === undefined) return undefined;
        const shape = x.shape.flatMap((length, i) => (axes.includes(i) ? (attrs?.['keepDims'] ? [1] : []) : [length]));
        const out = backend.makeOutput(shape, 'float32');
        const { outer, reduce, inner } = plan;
        pool.run('winners', [address(x), address(out), op, outer, reduce, inner, 0, 0], sizeOf(x.shape));
        return out;
      },
    }),
  ),
  {
    kernelName: ArgMax,
    run({ backend, pool, address }, { x }, attrs) {
      if (x === undefined || !isSupported(x)) return undefined;
      const [axis] = axesOf(x.shape, attrs?.['axis']);
      if (axis !== x.shape.length - 1) return undefined;
      const columns = x.shape[axis] as number;
      const rows = sizeOf(x.shape) / columns;
      const out = backend.makeOutput(x.shape.slice(0, -1), 'int32');
      pool.run('winners', [address(x), address(out), ARG_MAX, rows, columns, 1, 0, 0], 2 * rows * columns);
      return out;
    },
  },
  {
    kernelName: TopK,
    run({ backend, pool, address }, { x }, attrs) {
      const { k } = attrs as unknown as { k: number };
      if (x === undefined || !isSupported(x) || x.shape.length === 0) return undefined;
      const columns = x.shape.at(-1) as number;
      if (!Number.isInteger(k) || k < 1 || k > Math.min(columns, MOST_CHOSEN)) return undefined;
      const rows = sizeOf(x.shape) / columns;
      const shape = [...x.shape.slice(0, -1), k];
      const values = backend.makeOutput(shape, 'float32');
      const places: TensorInfo = backend.makeOutput(shape, 'int32');
      const words = [address(x), address(values), TOP, rows, columns, 1, k, address(places)];
      pool.run('winners', words, 2 * k * rows * columns);
      return [values, places];
    },
  },
];
