/**
 * Small matrix products whose operands are in the first-level cache: C[m, n] (+)= factor · Σ_k A[m, k] · B[k, n]. B
 * comes packed in panels of eight columns; A is read one value at a time through two strides, so its transpose costs
 * nothing; C has dense columns. The register tile is 6 × 8, as in `gemm`.
 */
import { multiplyAdd } from '../math';

export const PANEL: i32 = 8;
const TILE_ROWS: i32 = 6;

/** Bytes of a packed operand: columns are filled up to whole panels. */
@inline
export function packedBytes(depth: i32, columns: i32): usize {
  return <usize>(depth * ((columns + PANEL - 1) & ~(PANEL - 1))) << 2;
}

/** Packs B[k, n] with dense columns: rows are `stride` bytes apart. */
export function pack(b: usize, stride: usize, depth: i32, columns: i32, out: usize): void {
  for (let j = 0; j < columns; j += PANEL) {
    const width = columns - j;
    let row = b + (<usize>j << 2);
    if (width >= PANEL) {
      for (let p = depth; p > 0; p--) {
        v128.store(out, v128.load(row));
        v128.store(out, v128.load(row, 16), 16);
        row += stride;
        out += 32;
      }
      continue;
    }
    for (let p = depth; p > 0; p--) {
      for (let i = 0; i < PANEL; i++) {
        store<f32>(out + (<usize>i << 2), i < width ? load<f32>(row + (<usize>i << 2)) : 0);
      }
      row += stride;
      out += 32;
    }
  }
}

/** Packs B[k, n] = S[n, k]: a column of B is a dense row of S; rows are `stride` bytes apart. */
export function packTransposed(s: usize, stride: usize, depth: i32, columns: i32, out: usize): void {
  for (let j = 0; j < columns; j += PANEL) {
    const width = columns - j;
    const row = s + <usize>j * stride;
    let p = 0;
    if (width >= PANEL) {
      for (; p + 4 <= depth; p += 4) {
        const at = row + (<usize>p << 2);
        turnFour(at, stride, out);
        turnFour(at + 4 * stride, stride, out + 16);
        out += 128;
      }
    }
    for (; p < depth; p++) {
      for (let i = 0; i < PANEL; i++) {
        const value: f32 = i < width ? load<f32>(row + <usize>i * stride + (<usize>p << 2)) : 0;
        store<f32>(out + (<usize>i << 2), value);
      }
      out += 32;
    }
  }
}

/** Transposes four rows of four values; the results are 32 bytes apart. */
@inline
function turnFour(at: usize, stride: usize, out: usize): void {
  const x0 = v128.load(at);
  const x1 = v128.load(at + stride);
  const x2 = v128.load(at + 2 * stride);
  const x3 = v128.load(at + 3 * stride);
  const y0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const y1 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const y2 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const y3 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(y0, y1, 0, 2));
  v128.store(out, v128.shuffle<i64>(y0, y1, 1, 3), 32);
  v128.store(out, v128.shuffle<i64>(y2, y3, 0, 2), 64);
  v128.store(out, v128.shuffle<i64>(y2, y3, 1, 3), 96);
}

/** The product. Strides are in bytes; with `adds` it is added to C. `sums` is room for one tile. */
export function product(
  a: usize, aRow: usize, aColumn: usize, packedB: usize, c: usize, cRow: usize, m: i32, n: i32, k: i32, factor: f32,
  adds: bool, sums: usize,
): void {
  for (let j = 0; j < n; j += PANEL) {
    const panel = packedB + (<usize>(j * k) << 2);
    for (let i = 0; i < m; i += TILE_ROWS) {
      const rows = min(TILE_ROWS, m - i);
      tile(a + <usize>i * aRow, aRow, aColumn, panel, rows, k, sums);
      const at = c + <usize>i * cRow + (<usize>j << 2);
      if (n - j >= PANEL) giveRows(sums, at, cRow, rows, factor, adds);
      else giveEdge(sums, at, cRow, rows, n - j, factor, adds);
    }
  }
}

/**
 * The sums of one tile, left in memory: if the same function also used them, V8 would have too few registers for the
 * loop and be half as fast. Missing rows repeat the last one.
 */
function tile(a0: usize, aRow: usize, aColumn: usize, b: usize, rows: i32, k: i32, sums: usize): void {
  let a1 = rows > 1 ? a0 + aRow : a0;
  let a2 = rows > 2 ? a1 + aRow : a1;
  let a3 = rows > 3 ? a2 + aRow : a2;
  let a4 = rows > 4 ? a3 + aRow : a3;
  let a5 = rows > 5 ? a4 + aRow : a4;
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  for (let left = k; left > 0; left--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let a = v128.load32_splat(a0);
    c00 = multiplyAdd(a, b0, c00);
    c01 = multiplyAdd(a, b1, c01);
    a = v128.load32_splat(a1);
    c10 = multiplyAdd(a, b0, c10);
    c11 = multiplyAdd(a, b1, c11);
    a = v128.load32_splat(a2);
    c20 = multiplyAdd(a, b0, c20);
    c21 = multiplyAdd(a, b1, c21);
    a = v128.load32_splat(a3);
    c30 = multiplyAdd(a, b0, c30);
    c31 = multiplyAdd(a, b1, c31);
    a = v128.load32_splat(a4);
    c40 = multiplyAdd(a, b0, c40);
    c41 = multiplyAdd(a, b1, c41);
    a = v128.load32_splat(a5);
    c50 = multiplyAdd(a, b0, c50);
    c51 = multiplyAdd(a, b1, c51);
    b += 32;
    a0 += aColumn;
    a1 += aColumn;
    a2 += aColumn;
    a3 += aColumn;
    a4 += aColumn;
    a5 += aColumn;
  }
  v128.store(sums, c00, 0);
  v128.store(sums, c01, 16);
  v128.store(sums, c10, 32);
  v128.store(sums, c11, 48);
  v128.store(sums, c20, 64);
  v128.store(sums, c21, 80);
  v128.store(sums, c30, 96);
  v128.store(sums, c31, 112);
  v128.store(sums, c40, 128);
  v128.store(sums, c41, 144);
  v128.store(sums, c50, 160);
  v128.store(sums, c51, 176);
}

function giveRows(sums: usize, c: usize, cRow: usize, rows: i32, factor: f32, adds: bool): void {
  const by = f32x4.splat(factor);
  for (; rows > 0; rows--) {
    let low = v128.mul<f32>(v128.load(sums), by);
    let high = v128.mul<f32>(v128.load(sums, 16), by);
    if (adds) {
      low = v128.add<f32>(low, v128.load(c));
      high = v128.add<f32>(high, v128.load(c, 16));
    }
    v128.store(c, low);
    v128.store(c, high, 16);
    sums += 32;
    c += cRow;
  }
}

/** Fewer columns than a panel: nothing outside the matrix is read or written. */
function giveEdge(sums: usize, c: usize, cRow: usize, rows: i32, columns: i32, factor: f32, adds: bool): void {
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) {
      const at = c + (<usize>j << 2);
      const sum = load<f32>(sums + (<usize>j << 2)) * factor;
      store<f32>(at, adds ? sum + load<f32>(at) : sum);
    }
    sums += 32;
    c += cRow;
  }
}
