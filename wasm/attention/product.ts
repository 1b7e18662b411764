/**
 * Small matrix products whose operands are in the first-level cache: C[m, n] (+)= Σ_k A[m, k] · B[k, n], by the register
 * tile of `gemm`. B comes packed in panels of eight columns. Of A six rows at a time are packed too; where A is a
 * transposed matrix they are neighbours in memory, and the tile reads them where they are.
 */
import { MR, NR } from '../gemm/layout';
import { micro } from '../gemm/micro';
import { turnSix } from '../gemm/pack';

/** Bytes of a step of a packed panel of A. */
const STEP: i32 = MR << 2;

/** Bytes of a packed operand: columns are filled up to whole panels. */
@inline
export function packedBytes(depth: i32, columns: i32): usize {
  return <usize>(depth * ((columns + NR - 1) & ~(NR - 1))) << 2;
}

/** Packs B[k, n] with dense columns: rows are `stride` bytes apart. */
export function pack(b: usize, stride: usize, depth: i32, columns: i32, out: usize): void {
  for (let j = 0; j < columns; j += NR) {
    const width = columns - j;
    let row = b + (<usize>j << 2);
    if (width >= NR) {
      for (let p = depth; p > 0; p--) {
        v128.store(out, v128.load(row));
        v128.store(out, v128.load(row, 16), 16);
        row += stride;
        out += 32;
      }
      continue;
    }
    for (let p = depth; p > 0; p--) {
      for (let i = 0; i < NR; i++) {
        store<f32>(out + (<usize>i << 2), i < width ? load<f32>(row + (<usize>i << 2)) : 0);
      }
      row += stride;
      out += 32;
    }
  }
}

/** Packs B[k, n] = S[n, k]: a column of B is a dense row of S; rows are `stride` bytes apart. */
export function packTransposed(s: usize, stride: usize, depth: i32, columns: i32, out: usize): void {
  for (let j = 0; j < columns; j += NR) {
    const width = columns - j;
    const row = s + <usize>j * stride;
    let p = 0;
    if (width >= NR) {
      for (; p + 4 <= depth; p += 4) {
        const at = row + (<usize>p << 2);
        turnFour(at, stride, out);
        turnFour(at + 4 * stride, stride, out + 16);
        out += 128;
      }
    }
    for (; p < depth; p++) {
      for (let i = 0; i < NR; i++) {
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

/** Where C's rows lie (six offsets), an edge tile, and a panel of A, for which `room` must have 1 KB and 24 bytes a depth. */
const TILE: usize = 32;
const PANEL: usize = 256;

/**
 * C = factor · A B for a matrix A with dense rows, `aRow` bytes apart. The first row of C is wanted up to column `seen`, each
 * other row one column further than the row before: what lies behind may be left as it is.
 */
export function product(
  a: usize, aRow: usize, packedB: usize, c: usize, cRow: usize, m: i32, n: i32, k: i32, factor: f32, seen: i32,
  room: usize,
): void {
  layRows(cRow, room);
  for (let i = 0; i < m; i += MR) {
    const rows = min(MR, m - i);
    packRows(a + <usize>i * aRow, aRow, rows, k, factor, room + PANEL);
    const wanted = min(n, seen + i + rows - 1);
    rowPanel(room + PANEL, STEP, packedB, <usize>k << 5, c + <usize>i * cRow, rows, wanted, n, k, false, room);
  }
}

/** C = A B, where the first row of A is zero from column `seen` on, each other row from one column further. */
export function productOfSeen(
  a: usize, aRow: usize, packedB: usize, c: usize, cRow: usize, m: i32, n: i32, k: i32, seen: i32, room: usize,
): void {
  layRows(cRow, room);
  for (let i = 0; i < m; i += MR) {
    const rows = min(MR, m - i);
    const depth = min(k, seen + i + rows - 1);
    packRows(a + <usize>i * aRow, aRow, rows, depth, 1, room + PANEL);
    rowPanel(room + PANEL, STEP, packedB, <usize>k << 5, c + <usize>i * cRow, rows, n, n, depth, false, room);
  }
}

/**
 * C (+)= Aᵀ B for a matrix A[k, m] with dense rows, `aRow` bytes apart, and zeros as in `productOfSeen`. `adds` adds to what
 * C holds.
 */
export function productOfTransposed(
  a: usize, aRow: usize, packedB: usize, c: usize, cRow: usize, m: i32, n: i32, k: i32, seen: i32, adds: bool,
  room: usize,
): void {
  layRows(cRow, room);
  for (let i = 0; i < m; i += MR) {
    const rows = min(MR, m - i);
    // The rows of A that see column i.
    const zeros = min(k, max(0, i + 1 - seen));
    if (adds && zeros == k) return;
    const at = a + <usize>zeros * aRow + (<usize>i << 2);
    const b = packedB + (<usize>zeros << 5);
    const to = c + <usize>i * cRow;
    if (rows == MR) {
      rowPanel(at, <i32>aRow, b, <usize>k << 5, to, MR, n, n, k - zeros, adds, room);
    } else {
      packColumns(at, aRow, rows, k - zeros, room + PANEL);
      rowPanel(room + PANEL, STEP, b, <usize>k << 5, to, rows, n, n, k - zeros, adds, room);
    }
  }
}

function layRows(cRow: usize, room: usize): void {
  for (let r = 0; r < MR; r++) store<i32>(room + (<usize>r << 2), <i32>cRow * r);
}

/** At most six rows of C, and its columns up to `wanted`; a panel of B is `panelBytes` long. */
function rowPanel(
  a: usize, aStep: i32, packedB: usize, panelBytes: usize, c: usize, rows: i32, wanted: i32, n: i32, k: i32, adds: bool,
  room: usize,
): void {
  for (let j = 0; j < wanted; j += NR) {
    micro(a, aStep, packedB, k, c + (<usize>j << 2), room, rows, min(NR, n - j), !adds, room + TILE, 0, 0, 0);
    packedB += panelBytes;
  }
}

/** Packs up to six dense rows, times a factor. Missing rows repeat the last one: nobody reads their sums. */
function packRows(a0: usize, stride: usize, rows: i32, k: i32, factor: f32, out: usize): void {
  const a1 = rows > 1 ? a0 + stride : a0;
  const a2 = rows > 2 ? a1 + stride : a1;
  const a3 = rows > 3 ? a2 + stride : a2;
  const a4 = rows > 4 ? a3 + stride : a3;
  const a5 = rows > 5 ? a4 + stride : a4;
  const by = f32x4.splat(factor);
  let p: usize = 0;
  const end = <usize>k << 2;
  for (; p + 16 <= end; p += 16) {
    turnSix(
      v128.mul<f32>(v128.load(a0 + p), by), v128.mul<f32>(v128.load(a1 + p), by), v128.mul<f32>(v128.load(a2 + p), by),
      v128.mul<f32>(v128.load(a3 + p), by), v128.mul<f32>(v128.load(a4 + p), by), v128.mul<f32>(v128.load(a5 + p), by),
      out,
    );
    out += 96;
  }
  for (; p < end; p += 4) {
    store<f32>(out, load<f32>(a0 + p) * factor);
    store<f32>(out, load<f32>(a1 + p) * factor, 4);
    store<f32>(out, load<f32>(a2 + p) * factor, 8);
    store<f32>(out, load<f32>(a3 + p) * factor, 12);
    store<f32>(out, load<f32>(a4 + p) * factor, 16);
    store<f32>(out, load<f32>(a5 + p) * factor, 20);
    out += 24;
  }
}

/** Packs fewer than six columns, so that nothing behind them is read. */
function packColumns(a: usize, stride: usize, columns: i32, k: i32, out: usize): void {
  for (; k > 0; k--) {
    for (let r = 0; r < MR; r++) store<f32>(out + (<usize>r << 2), r < columns ? load<f32>(a + (<usize>r << 2)) : 0);
    a += stride;
    out += 24;
  }
}
