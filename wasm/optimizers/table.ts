/**
 * The table of blocks that all optimizers work through. A tensor is split into blocks of at most 16,384 values,
 * whatever the number of threads; a row has the addresses of a block's weights, gradients and slots.
 * `runtime/kernels/optimizerStep.ts` writes it.
 */
import { arg } from '../args';

/** The argument block: 32-bit words in this order; from SCALE on they are float32. */
const TABLE: i32 = 0;
const ROWS: i32 = 1;
const VALUES: i32 = 2;
/** Every gradient is first multiplied by this: clipping by the global norm. */
export const SCALE: i32 = 3;
export const RATE: i32 = 4;
export const BETA1: i32 = 5;
export const REST1: i32 = 6;
export const BETA2: i32 = 7;
export const REST2: i32 = 8;
/** 1 / (1 − β₁ᵗ) and 1 / √(1 − β₂ᵗ). */
export const FIRST_SCALE: i32 = 9;
export const ROOT_SCALE: i32 = 10;
export const EPSILON: i32 = 11;

/** A row: byte offsets of its fields. The last two are sums in float64, which a kernel leaves there. */
export const WEIGHTS: usize = 0;
export const GRADIENTS: usize = 4;
export const SLOT0: usize = 8;
export const SLOT1: usize = 12;
export const COUNT: usize = 16;
/** Weight decay as a part of the gradient, float32. */
export const COUPLED: usize = 20;
/** Decoupled weight decay, float32. */
export const DECOUPLED: usize = 24;
/** The learning rate of this row's tensor, float32; LAMB only. */
export const ROW_RATE: usize = 28;
export const SUM0: usize = 32;
export const SUM1: usize = 40;
export const ROW_BYTES: usize = 48;

/**
 * Address of the first row of a part: rows are assigned by the position of their first value among all values, so parts
 * get about equally many. The part after the last begins at the end of the table.
 */
export function firstRow(args: usize, part: i32, parts: i32): usize {
  let row = <usize>arg(args, TABLE);
  const end = row + <usize>arg(args, ROWS) * ROW_BYTES;
  if (part >= parts) return end;
  const limit = (<i64>arg(args, VALUES) * part) / parts;
  let start: i64 = 0;
  while (row < end && start < limit) {
    start += load<i32>(row, COUNT);
    row += ROW_BYTES;
  }
  return row;
}

/** The bytes of a row's values that make up whole vectors, and of all of them. */
@inline
export function wholeBytes(row: usize): usize {
  return (<usize>load<i32>(row, COUNT) >> 2) << 4;
}
@inline
export function allBytes(row: usize): usize {
  return <usize>load<i32>(row, COUNT) << 2;
}

@inline
export function splat(args: usize, index: i32): v128 {
  return v128.load32_splat(args + (<usize>index << 2));
}

/** Four values, or the one at the end of a row with zeros in the other lanes. */
@inline
export function take(address: usize, isOne: bool): v128 {
  return isOne ? v128.load32_zero(address) : v128.load(address);
}
@inline
export function put(address: usize, value: v128, isOne: bool): void {
  if (isOne) v128.store_lane<f32>(address, value, 0);
  else v128.store(address, value);
}

// Products and sums are rounded one by one, never fused: both SIMD levels and tfjs's cpu backend give the same bits.
@inline
export function times(a: v128, b: v128): v128 {
  return v128.mul<f32>(a, b);
}
@inline
export function plus(a: v128, b: v128): v128 {
  return v128.add<f32>(a, b);
}

/** A clipped gradient with weight decay. */
@inline
export function gradientAt(address: usize, scale: v128, weights: v128, coupled: v128, isOne: bool): v128 {
  return plus(times(take(address, isOne), scale), times(weights, coupled));
}
