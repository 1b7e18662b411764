import { sizeOf } from '../../../core/shape.ts';
import { type DataType, Fill, OnesLike, Range, type TensorInfo, util, ZerosLike } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import type { Kernel, KernelContext } from '../kernel.ts';

const LARGEST_SIZE = 2 ** 28;
/** As `wasm/unary/convert.ts` numbers them. */
const STEPS = { int32: 35, float32: 36 } as const;
/** Floats hold all integers below it. */
const LARGEST_WHOLE = 2 ** 24;

/**
 * Constant tensors, and integers in equal steps. A recorded step creates them again, like everything it computes with.
 * Shapes    a shape, or x [...] → [...]; a range → [N]
 * Units     float32 and int32
 * Throws    nothing: other dtypes, empty tensors, and non-integer steps fall back to tfjs
 * Source    tfjs Fill, ZerosLike, OnesLike, Range
 */
export const fill: readonly Kernel[] = [
  {
    kernelName: Fill,
    run(context, _, attrs) {
      const { shape, value, dtype } = attrs as unknown as FillAttrs;
      if (typeof value !== 'number') return undefined;
      return filled(context, shape, value, dtype ?? util.inferDtype(value));
    },
  },
  ...([ZerosLike, OnesLike] as const).map(
    (kernelName, value): Kernel => ({
      kernelName,
      run: (context, { x }) => x && filled(context, x.shape, value, x.dtype),
    }),
  ),
  {
    kernelName: Range,
    run({ backend, pool, address }, _, attrs) {
      const { start, stop, step, dtype } = attrs as unknown as RangeAttrs;
      // As tfjs does without a step.
      const interval = stop < start && step === 1 ? -1 : step;
      const count = Math.ceil((stop - start) / interval);
      const isWhole = [start, stop, interval].every((n) => Number.isInteger(n) && Math.abs(n) < LARGEST_WHOLE);
      if (!isWhole || !(count > 0) || (dtype !== 'int32' && dtype !== 'float32')) return undefined;
      const out = backend.makeOutput([count], dtype);
      pool.run('unary', [start, address(out), count, STEPS[dtype], interval, 0, 0, 0, 0, 0], count);
      return out;
    },
  },
];

interface FillAttrs {
  readonly shape: number[];
  readonly value: number | string;
  readonly dtype?: DataType;
}

interface RangeAttrs {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly dtype: DataType;
}

function filled(
  { backend, pool, address }: KernelContext,
  shape: number[],
  value: number,
  dtype: DataType,
): TensorInfo | undefined {
  const count = sizeOf(shape);
  if ((dtype !== 'float32' && dtype !== 'int32') || count === 0 || count >= LARGEST_SIZE) return undefined;
  const out = backend.makeOutput(shape, dtype);
  pool.run('fillValues', [address(out), count, dtype === 'float32' ? floatBits(value) : value | 0], count);
  return out;
}
