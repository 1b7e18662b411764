import { multiplyAdd } from '../math';

/** Rows of a register tile; and bytes of its rows, of sixteen columns. */
export const ROWS: i32 = 6;
export const ROW_BYTES: usize = 64;
/** Bytes of a panel for each step of its depth. */
export const STEP_BYTES: usize = 64;

/**
 * tile[r][j] = Σ_k a_r[k] · panel[k][j] for `rows` (1 to 6) rows that lie `stride` bytes apart and sixteen columns, of
 * which a panel holds the first eight for all k and then the others. A sum adds up one k after the other, however many
 * rows there are, so a row's result does not depend on which rows come along.
 */
export function productOfRows(a: usize, stride: usize, rows: i32, panel: usize, depth: i32, tile: usize): void {
  const half = panel + (<usize>depth << 5);
  if (rows < 5) {
    twoRows(a, rows > 1 ? a + stride : a, panel, half, depth, tile);
    if (rows < 3) return;
    const third = a + 2 * stride;
    twoRows(third, rows > 3 ? third + stride : third, panel, half, depth, tile + 2 * ROW_BYTES);
    return;
  }
  const last = rows > 5 ? a + 5 * stride : a;
  sixRows(a, a + stride, a + 2 * stride, a + 3 * stride, a + 4 * stride, last, panel, depth, tile);
  sixRows(a, a + stride, a + 2 * stride, a + 3 * stride, a + 4 * stride, last, half, depth, tile + 32);
}

/** Six rows by eight columns: twelve sums, two vectors of B and one of A; engines have fifteen registers for them. */
function sixRows(
  a0: usize, a1: usize, a2: usize, a3: usize, a4: usize, a5: usize, panel: usize, depth: i32, tile: usize,
): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  for (let k = depth; k > 0; k--) {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    let x = v128.load32_splat(a0);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load32_splat(a1);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load32_splat(a2);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load32_splat(a3);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    x = v128.load32_splat(a4);
    c40 = multiplyAdd(x, b0, c40);
    c41 = multiplyAdd(x, b1, c41);
    x = v128.load32_splat(a5);
    c50 = multiplyAdd(x, b0, c50);
    c51 = multiplyAdd(x, b1, c51);
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
    panel += 32;
  }
  storeTwo(tile, c00, c01);
  storeTwo(tile + ROW_BYTES, c10, c11);
  storeTwo(tile + 2 * ROW_BYTES, c20, c21);
  storeTwo(tile + 3 * ROW_BYTES, c30, c31);
  storeTwo(tile + 4 * ROW_BYTES, c40, c41);
  storeTwo(tile + 5 * ROW_BYTES, c50, c51);
}

/** Two rows by sixteen columns, for small batches and what six leave over. */
function twoRows(a0: usize, a1: usize, panel: usize, half: usize, depth: i32, tile: usize): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c02 = zero, c03 = zero;
  let c10 = zero, c11 = zero, c12 = zero, c13 = zero;
  for (let k = depth; k > 0; k--) {
    const x0 = v128.load32_splat(a0);
    const x1 = v128.load32_splat(a1);
    let b = v128.load(panel);
    c00 = multiplyAdd(x0, b, c00);
    c10 = multiplyAdd(x1, b, c10);
    b = v128.load(panel, 16);
    c01 = multiplyAdd(x0, b, c01);
    c11 = multiplyAdd(x1, b, c11);
    b = v128.load(half);
    c02 = multiplyAdd(x0, b, c02);
    c12 = multiplyAdd(x1, b, c12);
    b = v128.load(half, 16);
    c03 = multiplyAdd(x0, b, c03);
    c13 = multiplyAdd(x1, b, c13);
    a0 += 4;
    a1 += 4;
    panel += 32;
    half += 32;
  }
  storeTwo(tile, c00, c01);
  storeTwo(tile + 32, c02, c03);
  storeTwo(tile + ROW_BYTES, c10, c11);
  storeTwo(tile + ROW_BYTES + 32, c12, c13);
}

@inline
function storeTwo(at: usize, low: v128, high: v128): void {
  v128.store(at, low);
  v128.store(at, high, 16);
}
