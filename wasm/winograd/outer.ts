// Outer products of channels, added over tiles: both operands are read where their transforms left them.
import { multiplyAdd } from '../math';

@inline
function writeRow(to: usize, low: v128, high: v128, isFirst: bool): void {
  if (!isFirst) {
    low = v128.add<f32>(low, v128.load(to));
    high = v128.add<f32>(high, v128.load(to, 16));
  }
  v128.store(to, low);
  v128.store(to, high, 16);
}

/**
 * Six or four channels of the input times eight of the gradient, over `depth` tiles; rows of the sum are as far apart as tiles of the
 * gradient. How many is a constant where it is called, so that each is compiled for itself.
 */
@inline
function outer(
  channels: i32, pa: usize, stepA: usize, pb: usize, stepB: usize, depth: i32, c: usize, isFirst: bool,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  for (let p = depth; p > 0; p--) {
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
    if (channels == 6) {
      a = v128.load32_splat(pa, 16);
      c40 = multiplyAdd(a, b0, c40);
      c41 = multiplyAdd(a, b1, c41);
      a = v128.load32_splat(pa, 20);
      c50 = multiplyAdd(a, b0, c50);
      c51 = multiplyAdd(a, b1, c51);
    }
    pa += stepA;
    pb += stepB;
  }
  writeRow(c, c00, c01, isFirst);
  c += stepB;
  writeRow(c, c10, c11, isFirst);
  c += stepB;
  writeRow(c, c20, c21, isFirst);
  c += stepB;
  writeRow(c, c30, c31, isFirst);
  if (channels == 4) return;
  c += stepB;
  writeRow(c, c40, c41, isFirst);
  c += stepB;
  writeRow(c, c50, c51, isFirst);
}

export function six(pa: usize, stepA: usize, pb: usize, stepB: usize, depth: i32, c: usize, isFirst: bool): void {
  outer(6, pa, stepA, pb, stepB, depth, c, isFirst);
}

export function four(pa: usize, stepA: usize, pb: usize, stepB: usize, depth: i32, c: usize, isFirst: bool): void {
  outer(4, pa, stepA, pb, stepB, depth, c, isFirst);
}
