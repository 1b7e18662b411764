/**
 * General matrix product over indexed operands: C[m, n] = act(Σ_k A[m, k] · B[k, n] + bias[n]).
 *
 * The address of an element is a sum of one offset per axis, and an axis maps its index to an offset as a mixed-radix
 * number with three digits: offset(i) = (i / (d1·d2))·s0 + (i / d2 % d1)·s1 + (i % d2)·s2. A plain matrix, its transpose,
 * the im2col view of an image (which is never built), the taps of a filter and every second pixel of a gradient are
 * all such axes, so dense layers and convolutions, forward and backward, are this one kernel. See NOTES.md.
 *
 * Blocking after Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication".
 */
import { arg } from '../args';
import { tableAt } from '../mathTable';
import { rangeStart } from '../range';
import { axis, fillAxis } from './axis';
import { GELU, geluRow } from './gelu';
import { A_COLS, A_ROWS, B_COLS, B_ROWS, C_ROWS, KC, MATH, MC, MR, NC, NR, PACKED_A, PACKED_B, SCRATCH_BYTES, TILE } from './layout';
import { micro } from './micro';
import { packA, packB } from './pack';
import { FEW_ROWS, rowProduct } from './rowProduct';

/** The argument block: 32-bit words in this order. `runtime/kernels/matmul/gemm.ts` writes it. */
const A: i32 = 0;
const B: i32 = 1;
const C: i32 = 2;
const BIAS: i32 = 3;
const M: i32 = 4;
const N: i32 = 5;
const K: i32 = 6;
const ACTIVATION: i32 = 7;
const BATCH: i32 = 8;
const A_BATCH: i32 = 9;
const B_BATCH: i32 = 10;
const C_BATCH: i32 = 11;
const CHUNKS: i32 = 12;
const PARTIALS: i32 = 13;
const A_ROW_AXIS: i32 = 14;
const A_COL_AXIS: i32 = 19;
const B_ROW_AXIS: i32 = 24;
const B_COL_AXIS: i32 = 29;
const C_ROW_AXIS: i32 = 34;
const CURVE: usize = 39 << 2;
/** Address of an output laid out as C, for the slopes of gelu; 0 for none. */
const SLOPES: i32 = 44;

export function gemmScratchBytes(): i32 {
  return SCRATCH_BYTES;
}

/**
 * Rows (columns, where C is twice as wide as high; chunks of K, when K is split) that one part of the work covers; splitting
 * never changes a result.
 */
export function gemm(args: usize, scratch: usize, part: i32, parts: i32): void {
  const batch = arg(args, BATCH);
  const chunks = arg(args, CHUNKS);
  const m = arg(args, M);
  const n = arg(args, N);
  const k = arg(args, K);
  if (chunks > 1) {
    const size = ((k + chunks - 1) / chunks + 3) & ~3;
    for (let chunk = part; chunk < chunks; chunk += parts) {
      const first = min(k, chunk * size);
      const target = <usize>arg(args, PARTIALS) + (<usize>(chunk * m * n) << 2);
      block(args, scratch, arg(args, A), arg(args, B), target, true, 0, m, 0, n, first, min(k, first + size));
    }
    return;
  }
  if (batch == 1 && n >= 2 * m) {
    // Every part packs all of the operand that is not cut.
    const j0 = rangeStart(n, part, parts);
    const j1 = rangeStart(n, part + 1, parts);
    if (j0 < j1) block(args, scratch, arg(args, A), arg(args, B), arg(args, C), false, 0, m, j0, j1, 0, k);
    return;
  }
  const panels = (m + MR - 1) / MR;
  const total = panels * batch;
  // A part is a run of row panels, counted through all matrices of the batch.
  let first = <i32>((<i64>total * part) / parts);
  const last = <i32>((<i64>total * (part + 1)) / parts);
  while (first < last) {
    const matrix = first / panels;
    const stop = min(last, (matrix + 1) * panels);
    const a = arg(args, A) + ((matrix * arg(args, A_BATCH)) << 2);
    const b = arg(args, B) + ((matrix * arg(args, B_BATCH)) << 2);
    const c = arg(args, C) + ((matrix * arg(args, C_BATCH)) << 2);
    const from = (first - matrix * panels) * MR;
    block(args, scratch, a, b, c, false, from, min(m, (stop - matrix * panels) * MR), 0, n, 0, k);
    first = stop;
  }
}

/** Adds the partial products of a split K in a fixed order. */
export function gemmReduce(args: usize, scratch: usize, part: i32, parts: i32): void {
  const n = arg(args, N);
  const m = arg(args, M);
  const chunks = arg(args, CHUNKS);
  const partials = <usize>arg(args, PARTIALS);
  const c = <usize>arg(args, C);
  const stride = <usize>(m * n) << 2;
  const first = <i32>((<i64>m * part) / parts);
  const last = <i32>((<i64>m * (part + 1)) / parts);
  for (let i = first; i < last; i++) {
    const row = c + (<usize>axis(args, C_ROW_AXIS, i) << 2);
    const source = partials + (<usize>(i * n) << 2);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      let sum = v128.load(source + (<usize>j << 2));
      for (let chunk = 1; chunk < chunks; chunk++) {
        sum = v128.add<f32>(sum, v128.load(source + <usize>chunk * stride + (<usize>j << 2)));
      }
      v128.store(row + (<usize>j << 2), sum);
    }
    for (; j < n; j++) {
      let sum = load<f32>(source + (<usize>j << 2));
      for (let chunk = 1; chunk < chunks; chunk++) sum += load<f32>(source + <usize>chunk * stride + (<usize>j << 2));
      store<f32>(row + (<usize>j << 2), sum);
    }
  }
}

/** Whether the indices of an axis are neighbours in memory. */
@inline
function areNeighbours(args: usize, at: i32): bool {
  return arg(args, at) == 1 && arg(args, at + 1) == 1 && arg(args, at + 2) == 1;
}

/** Where the slope of a value of C belongs. */
@inline
function slopeOf(args: usize, target: usize): usize {
  const slopes = <usize>arg(args, SLOPES);
  return slopes ? slopes + (target - <usize>arg(args, C)) : 0;
}

/**
 * One product over rows [m0, m1), columns [n0, n1) and depth [k0, k1). A dense target (partial sums) has rows of N and no
 * epilogue.
 */
function block(
  args: usize, scratch: usize, a: usize, b: usize, c: usize, isPartial: bool, m0: i32, m1: i32, n0: i32, n1: i32, k0: i32,
  k1: i32,
): void {
  const n = arg(args, N);
  const bias: usize = isPartial ? 0 : <usize>arg(args, BIAS);
  const isGelu = !isPartial && arg(args, ACTIVATION) == GELU;
  const activation = isPartial || isGelu ? 0 : arg(args, ACTIVATION);
  const t = isGelu ? tableAt(scratch + MATH) : 0;
  const tile = scratch + TILE;
  const isInPlace = !isPartial && arg(args, M) <= FEW_ROWS && areNeighbours(args, B_COL_AXIS);
  for (let jc = n0; jc < n1; jc += NC) {
    const nc = min(NC, n1 - jc);
    fillAxis(args, B_COL_AXIS, jc, jc + nc, scratch + B_COLS);
    let pc = k0;
    do {
      const kc = min(KC, k1 - pc);
      const isFirst = pc == k0;
      const isLast = pc + kc >= k1;
      fillAxis(args, A_COL_AXIS, pc, pc + kc, scratch + A_COLS);
      fillAxis(args, B_ROW_AXIS, pc, pc + kc, scratch + B_ROWS);
      if (isInPlace) {
        const columns = <usize>load<i32>(scratch + B_COLS);
        const biasAt: usize = bias && isLast ? bias + (<usize>jc << 2) : 0;
        for (let i = m0; i < m1; i++) {
          const row = a + (<usize>axis(args, A_ROW_AXIS, i) << 2);
          const target = c + (<usize>(axis(args, C_ROW_AXIS, i) + jc) << 2);
          rowProduct(row, b + columns, scratch, kc, nc, target, isFirst, biasAt, isLast ? activation : 0, args + CURVE);
          if (isGelu && isLast) geluRow(target, slopeOf(args, target), nc, t);
        }
        pc += kc;
        continue;
      }
      packB(b, scratch, kc, nc);
      for (let ic = m0; ic < m1; ic += MC) {
        const mc = min(MC, m1 - ic);
        fillAxis(args, A_ROW_AXIS, ic, ic + mc, scratch + A_ROWS);
        if (!isPartial) fillAxis(args, C_ROW_AXIS, ic, ic + mc, scratch + C_ROWS);
        packA(a, scratch, mc, kc);
        for (let jr = 0; jr < nc; jr += NR) {
          const panelB = scratch + PACKED_B + (<usize>(jr * kc) << 2);
          const columns = min(NR, nc - jr);
          const biasAt: usize = bias && isLast ? bias + (<usize>(jc + jr) << 2) : 0;
          for (let ir = 0; ir < mc; ir += MR) {
            const panelA = scratch + PACKED_A + (<usize>(ir * kc) << 2);
            const rows = min(MR, mc - ir);
            if (isPartial) {
              for (let r = 0; r < rows; r++) {
                store<i32>(scratch + C_ROWS + (<usize>r << 2), ((ic + ir + r) * n) << 2);
              }
            }
            const cRows = scratch + C_ROWS + (isPartial ? 0 : <usize>ir << 2);
            micro(panelA, MR << 2, panelB, kc, c + (<usize>(jc + jr) << 2), cRows, rows, columns, isFirst, tile, biasAt,
              isLast ? activation : 0, args + CURVE);
          }
        }
        if (isGelu && isLast) {
          for (let i = 0; i < mc; i++) {
            const target = c + <usize>load<i32>(scratch + C_ROWS + (<usize>i << 2)) + (<usize>jc << 2);
            geluRow(target, slopeOf(args, target), nc, t);
          }
        }
      }
      pc += kc;
    } while (pc < k1);
  }
}
