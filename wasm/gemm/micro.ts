import { activate } from '../activation';
import { multiplyAdd } from '../math';
import { MR, NR } from './layout';

/** Adds bias and the present value, activates, stores one row of the tile. */
@inline
export function finishRow(
  target: usize, low: v128, high: v128, isFirst: bool, bias0: v128, bias1: v128, activation: i32, curve: usize,
): void {
  if (!isFirst) {
    low = v128.add<f32>(low, v128.load(target));
    high = v128.add<f32>(high, v128.load(target, 16));
  }
  v128.store(target, activate(v128.add<f32>(low, bias0), activation, curve));
  v128.store(target, activate(v128.add<f32>(high, bias1), activation, curve), 16);
}

/** The register tile: 6 × 8 sums over kc, then bias, activation and the store. A step of A's panel has `aStep` bytes. */
export function micro(
  pa: usize, aStep: i32, pb: usize, kc: i32, c: usize, cRows: usize, rows: i32, columns: i32, isFirst: bool, tile: usize,
  bias: usize, activation: i32, curve: usize,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  for (let p = kc; p > 0; p--) {
    const b0 = v128.load(pb);
    const b1 = v128.load(pb, 16);
    let a = v128.load32_splat(pa);
    c00 = multiplyAdd(a, b0, c00);
    c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(pa, 4);
    c10 = multiplyAdd(a, b0, c10);
    c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(pa, 8);
    c20 = multiplyAdd(a, b0, c20);
    c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(pa, 12);
    c30 = multiplyAdd(a, b0, c30);
    c31 = multiplyAdd(a, b1, c31);
    a = v128.load32_splat(pa, 16);
    c40 = multiplyAdd(a, b0, c40);
    c41 = multiplyAdd(a, b1, c41);
    a = v128.load32_splat(pa, 20);
    c50 = multiplyAdd(a, b0, c50);
    c51 = multiplyAdd(a, b1, c51);
    pa += aStep;
    pb += 32;
  }
  let bias0 = zero;
  let bias1 = zero;
  if (rows == MR && columns == NR) {
    if (bias) {
      bias0 = v128.load(bias);
      bias1 = v128.load(bias, 16);
    }
    finishRow(c + <usize>load<i32>(cRows), c00, c01, isFirst, bias0, bias1, activation, curve);
    finishRow(c + <usize>load<i32>(cRows, 4), c10, c11, isFirst, bias0, bias1, activation, curve);
    finishRow(c + <usize>load<i32>(cRows, 8), c20, c21, isFirst, bias0, bias1, activation, curve);
    finishRow(c + <usize>load<i32>(cRows, 12), c30, c31, isFirst, bias0, bias1, activation, curve);
    finishRow(c + <usize>load<i32>(cRows, 16), c40, c41, isFirst, bias0, bias1, activation, curve);
    finishRow(c + <usize>load<i32>(cRows, 20), c50, c51, isFirst, bias0, bias1, activation, curve);
    return;
  }
  // An edge tile goes through memory, so that nothing outside the matrix is read or written.
  v128.store(tile, c00);
  v128.store(tile, c01, 16);
  v128.store(tile, c10, 32);
  v128.store(tile, c11, 48);
  v128.store(tile, c20, 64);
  v128.store(tile, c21, 80);
  v128.store(tile, c30, 96);
  v128.store(tile, c31, 112);
  v128.store(tile, c40, 128);
  v128.store(tile, c41, 144);
  v128.store(tile, c50, 160);
  v128.store(tile, c51, 176);
  for (let r = 0; r < rows; r++) {
    const row = c + <usize>load<i32>(cRows + (<usize>r << 2));
    for (let j = 0; j < columns; j++) {
      const at = row + (<usize>j << 2);
      let x = load<f32>(tile + (<usize>((r << 3) + j) << 2));
      if (!isFirst) x += load<f32>(at);
      if (bias) x += load<f32>(bias + (<usize>j << 2));
      if (activation) x = f32x4.extract_lane(activate(f32x4.splat(x), activation, curve), 0);
      store<f32>(at, x);
    }
  }
}
