import { multiplyAdd } from '../math';
import { NR, SQUARE } from './layout';

/** From one tile to the next in the products, which lie tile by tile: [tile][point][8]. */
const NEXT: usize = (SQUARE * NR) << 2;

/**
 * Six tiles of one point times eight columns of the filter. From one tile to the next it is 64 times the size of `Unit`: a constant of
 * the compiled code, so that one address reaches all six.
 */
@inline
export function product<Unit>(pa: usize, pb: usize, depth: i32, c: usize, isFirst: bool): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  for (let p = depth; p > 0; p--) {
    const b0 = v128.load(pb);
    const b1 = v128.load(pb, 16);
    let a = v128.load32_splat(pa);
    c00 = multiplyAdd(a, b0, c00);
    c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(pa, sizeof<Unit>() << 6);
    c10 = multiplyAdd(a, b0, c10);
    c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(pa, 2 * (sizeof<Unit>() << 6));
    c20 = multiplyAdd(a, b0, c20);
    c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(pa, 3 * (sizeof<Unit>() << 6));
    c30 = multiplyAdd(a, b0, c30);
    c31 = multiplyAdd(a, b1, c31);
    a = v128.load32_splat(pa, 4 * (sizeof<Unit>() << 6));
    c40 = multiplyAdd(a, b0, c40);
    c41 = multiplyAdd(a, b1, c41);
    a = v128.load32_splat(pa, 5 * (sizeof<Unit>() << 6));
    c50 = multiplyAdd(a, b0, c50);
    c51 = multiplyAdd(a, b1, c51);
    pa += 4;
    pb += 32;
  }
  if (!isFirst) {
    c00 = v128.add<f32>(c00, v128.load(c));
    c01 = v128.add<f32>(c01, v128.load(c, 16));
    c10 = v128.add<f32>(c10, v128.load(c, NEXT));
    c11 = v128.add<f32>(c11, v128.load(c, NEXT + 16));
    c20 = v128.add<f32>(c20, v128.load(c, 2 * NEXT));
    c21 = v128.add<f32>(c21, v128.load(c, 2 * NEXT + 16));
    c30 = v128.add<f32>(c30, v128.load(c, 3 * NEXT));
    c31 = v128.add<f32>(c31, v128.load(c, 3 * NEXT + 16));
    c40 = v128.add<f32>(c40, v128.load(c, 4 * NEXT));
    c41 = v128.add<f32>(c41, v128.load(c, 4 * NEXT + 16));
    c50 = v128.add<f32>(c50, v128.load(c, 5 * NEXT));
    c51 = v128.add<f32>(c51, v128.load(c, 5 * NEXT + 16));
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c10, NEXT);
  v128.store(c, c11, NEXT + 16);
  v128.store(c, c20, 2 * NEXT);
  v128.store(c, c21, 2 * NEXT + 16);
  v128.store(c, c30, 3 * NEXT);
  v128.store(c, c31, 3 * NEXT + 16);
  v128.store(c, c40, 4 * NEXT);
  v128.store(c, c41, 4 * NEXT + 16);
  v128.store(c, c50, 5 * NEXT);
  v128.store(c, c51, 5 * NEXT + 16);
}
