/**
 * Small matrix products whose operands lie in the first-level cache: C[m, n] (+)= factor · Σ_k A[m, k] · B[k, n].
 * B comes packed in panels of eight columns; A is read one value at a time through two strides, so its transpose costs
 * nothing; C has dense columns. The register tile is 6 × 8, as in `gemm`.
 */
import { loadTail, multiplyAdd, storeTail } from '../math';

export const PANEL: i32 = 8;
const TILE_ROWS: i32 = 6;

/** Bytes of a packed operand: columns are filled up to whole panels. */
@inline
export function packedBytes(depth: i32, columns: i32): usize {
  return <usize>(depth * ((columns + PANEL - 1) & ~(PANEL - 1))) << 2;
}

/** Packs B[k, n] with dense columns: rows lie `stride` bytes apart. */
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

/** Packs B[k, n] = S[n, k]: a column of B is a dense row of S, and those lie `stride` bytes apart. */
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

/** Four rows of four values, turned; the results lie 32 bytes apart. */
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

/** The product. Strides are in bytes; with `adds` what C holds stays and the product comes on top. */
export function product(
  a: usize, aRow: usize, aColumn: usize, packedB: usize, c: usize, cRow: usize, m: i32, n: i32, k: i32, factor: f32,
  adds: bool,
): void {
  // As an integer, because the loop of a tile needs every vector register.
  const bits = reinterpret<i32>(factor);
  for (let j = 0; j < n; j += PANEL) {
    const panel = packedB + (<usize>(j * k) << 2);
    for (let i = 0; i < m; i += TILE_ROWS) {
      const rows = min(TILE_ROWS, m - i);
      const at = c + <usize>i * cRow + (<usize>j << 2);
      tile(a + <usize>i * aRow, aRow, aColumn, panel, at, cRow, rows, n - j, k, bits, adds);
    }
  }
}

/** Rows that are missing repeat the last one, and are not stored. */
function tile(
  a0: usize, aRow: usize, aColumn: usize, b: usize, c: usize, cRow: usize, rows: i32, columns: i32, k: i32, factorBits: i32,
  adds: bool,
): void {
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
  const by = f32x4.splat(reinterpret<f32>(factorBits));
  finish(c, c00, c01, columns, by, adds);
  if (rows > 1) finish(c + cRow, c10, c11, columns, by, adds);
  if (rows > 2) finish(c + 2 * cRow, c20, c21, columns, by, adds);
  if (rows > 3) finish(c + 3 * cRow, c30, c31, columns, by, adds);
  if (rows > 4) finish(c + 4 * cRow, c40, c41, columns, by, adds);
  if (rows > 5) finish(c + 5 * cRow, c50, c51, columns, by, adds);
}

@inline
function finish(at: usize, low: v128, high: v128, columns: i32, by: v128, adds: bool): void {
  low = v128.mul<f32>(low, by);
  high = v128.mul<f32>(high, by);
  if (columns >= PANEL) {
    if (adds) {
      low = v128.add<f32>(low, v128.load(at));
      high = v128.add<f32>(high, v128.load(at, 16));
    }
    v128.store(at, low);
    v128.store(at, high, 16);
    return;
  }
  edge(at, low, high, columns, adds);
}

function edge(at: usize, low: v128, high: v128, columns: i32, adds: bool): void {
  if (columns >= 4) {
    v128.store(at, adds ? v128.add<f32>(low, v128.load(at)) : low);
    at += 16;
    columns -= 4;
    low = high;
  }
  if (columns == 0) return;
  storeTail(at, adds ? v128.add<f32>(low, loadTail(at, columns, 0)) : low, columns);
}
