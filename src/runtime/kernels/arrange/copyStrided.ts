import { type TensorInfo, util } from '../../tf.ts';
import type { KernelContext } from '../kernel.ts';

const MOST_DIMENSIONS = 6;

/** A box of values in two layouts; strides and offsets count values. */
export interface CopyPlan {
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
  readonly fromStrides: readonly number[];
  readonly toStrides: readonly number[];
}

/** Strides of a dense tensor, the last dimension's too. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const length of [...shape].reverse()) {
    strides.unshift(stride);
    stride *= length;
  }
  return strides;
}

/** Whether tensors of 32-bit values can be copied: not empty, and few enough dimensions. */
export function canCopy(...tensors: readonly TensorInfo[]): boolean {
  return tensors.every(({ dtype, shape }) => {
    const size = util.sizeFromShape(shape);
    return (dtype === 'float32' || dtype === 'int32') && size > 0 && size < 2 ** 28 && shape.length <= MOST_DIMENSIONS;
  });
}

export function copyStrided({ pool }: KernelContext, { from, to, lengths, fromStrides, toStrides }: CopyPlan): void {
  const merged = merge(lengths, fromStrides, toStrides);
  const words = [
    from,
    to,
    ...padded(merged.lengths, 1),
    ...padded(merged.fromStrides, 0),
    ...padded(merged.toStrides, 0),
  ];
  pool.run('copyStrided', words, 2 * util.sizeFromShape([...lengths]));
}

/** Merges adjacent dimensions that are dense on both sides, which gives fewer and longer rows. */
function merge(lengths: readonly number[], fromStrides: readonly number[], toStrides: readonly number[]) {
  const merged = { lengths: [] as number[], fromStrides: [] as number[], toStrides: [] as number[] };
  for (let i = lengths.length - 1; i >= 0; i--) {
    const [length, from, to] = [lengths[i] as number, fromStrides[i] as number, toStrides[i] as number];
    const inner = merged.lengths[0];
    const isDense =
      inner !== undefined &&
      from === inner * (merged.fromStrides[0] as number) &&
      to === inner * (merged.toStrides[0] as number);
    if (isDense) merged.lengths[0] = length * inner;
    else if (length > 1 || (i === 0 && inner === undefined)) {
      merged.lengths.unshift(length);
      merged.fromStrides.unshift(from);
      merged.toStrides.unshift(to);
    }
  }
  return merged;
}

function padded(numbers: readonly number[], filler: number): number[] {
  return [...Array.from({ length: MOST_DIMENSIONS - numbers.length }, () => filler), ...numbers];
}
