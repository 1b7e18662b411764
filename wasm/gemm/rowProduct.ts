import { activate } from '../activation';
import { multiplyAdd } from '../math';
import { A_COLS, B_ROWS, NR, PACKED_B } from './layout';
import { finishRow } from './micro';

/** Products of at most so many rows, such as a dense layer's for one example, take B as it lies: packing it costs more than they do. */
export const FEW_ROWS: i32 = 3;

/**
 * One row of C over kc depths and nc columns that are neighbours in B. Sums run over the depths in the order of the register tile,
 * so the bits are those of a product with many rows. B is read once, in the order of memory, four rows at a time.
 */
export function rowProduct(
  a: usize, b: usize, scratch: usize, kc: i32, nc: i32, c: usize, isFirst: bool, bias: usize, activation: i32, curve: usize,
): void {
  const depths = scratch + B_ROWS;
  const places = scratch + A_COLS;
  const sums = scratch + PACKED_B;
  memory.fill(sums, 0, <usize>nc << 2);
  let p = 0;
  for (; p + 4 <= kc; p += 4) {
    const at = <usize>p << 2;
    const a0 = v128.load32_splat(a + <usize>load<i32>(places + at));
    const a1 = v128.load32_splat(a + <usize>load<i32>(places + at, 4));
    const a2 = v128.load32_splat(a + <usize>load<i32>(places + at, 8));
    const a3 = v128.load32_splat(a + <usize>load<i32>(places + at, 12));
    let b0 = b + <usize>load<i32>(depths + at);
    let b1 = b + <usize>load<i32>(depths + at, 4);
    let b2 = b + <usize>load<i32>(depths + at, 8);
    let b3 = b + <usize>load<i32>(depths + at, 12);
    let sum = sums;
    const end = sums + (<usize>(nc & ~3) << 2);
    for (; sum < end; sum += 16) {
      let x = multiplyAdd(a0, v128.load(b0), v128.load(sum));
      x = multiplyAdd(a1, v128.load(b1), x);
      x = multiplyAdd(a2, v128.load(b2), x);
      v128.store(sum, multiplyAdd(a3, v128.load(b3), x));
      b0 += 16;
      b1 += 16;
      b2 += 16;
      b3 += 16;
    }
    // One at a time, so that nothing outside the matrix is read.
    for (let j = nc & 3; j > 0; j--) {
      let x = multiplyAdd(a0, v128.load32_splat(b0), v128.load32_splat(sum));
      x = multiplyAdd(a1, v128.load32_splat(b1), x);
      x = multiplyAdd(a2, v128.load32_splat(b2), x);
      v128.store_lane<f32>(sum, multiplyAdd(a3, v128.load32_splat(b3), x), 0);
      sum += 4;
      b0 += 4;
      b1 += 4;
      b2 += 4;
      b3 += 4;
    }
  }
  for (; p < kc; p++) {
    const at = <usize>p << 2;
    const a0 = v128.load32_splat(a + <usize>load<i32>(places + at));
    let b0 = b + <usize>load<i32>(depths + at);
    for (let j = 0; j < nc; j++) {
      const sum = sums + (<usize>j << 2);
      v128.store_lane<f32>(sum, multiplyAdd(a0, v128.load32_splat(b0), v128.load32_splat(sum)), 0);
      b0 += 4;
    }
  }
  finish(sums, nc, c, isFirst, bias, activation, curve);
}

/** As the register tile does it: bias and present value are added in the same order. */
function finish(
  sums: usize, nc: i32, c: usize, isFirst: bool, bias: usize, activation: i32, curve: usize,
): void {
  const zero = f32x4.splat(0);
  let j = 0;
  for (; j + NR <= nc; j += NR) {
    const at = <usize>j << 2;
    const bias0 = bias ? v128.load(bias + at) : zero;
    const bias1 = bias ? v128.load(bias + at, 16) : zero;
    finishRow(c + at, v128.load(sums + at), v128.load(sums + at, 16), isFirst, bias0, bias1, activation, curve);
  }
  for (; j < nc; j++) {
    const at = <usize>j << 2;
    let x = load<f32>(sums + at);
    if (!isFirst) x += load<f32>(c + at);
    if (bias) x += load<f32>(bias + at);
    if (activation) x = f32x4.extract_lane(activate(f32x4.splat(x), activation, curve), 0);
    store<f32>(c + at, x);
  }
}
