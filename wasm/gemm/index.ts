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

/** Rows and columns of the register tile: 12 accumulators, two vectors of B and one of A fill 16 registers. */
const MR: i32 = 6;
const NR: i32 = 8;
/** Block sizes: an A block (MC × KC) and a B block (KC × NC) stay in the second-level cache. */
const MC: i32 = 96;
const KC: i32 = 256;
const NC: i32 = 512;

/** Scratch, in bytes from the start of a thread's region. */
const PACKED_A: usize = 0;
const PACKED_B: usize = PACKED_A + ((MC * KC) << 2);
const TILE: usize = PACKED_B + ((KC * NC) << 2);
const A_ROWS: usize = TILE + ((MR * NR) << 2);
const A_COLS: usize = A_ROWS + (MC << 2);
const B_ROWS: usize = A_COLS + (KC << 2);
const B_COLS: usize = B_ROWS + (KC << 2);
const C_ROWS: usize = B_COLS + (NC << 2);
const SCRATCH_BYTES: i32 = <i32>(C_ROWS + (MC << 2));

/** The argument block: 32-bit words in this order. `runtime/kernels/gemm.ts` writes it. */
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

const RELU: i32 = 1;
const RELU6: i32 = 2;

@inline
function arg(args: usize, index: i32): i32 {
  return load<i32>(args + (<usize>index << 2));
}

@inline
function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, sum);
  return v128.add<f32>(v128.mul<f32>(a, b), sum);
}

export function gemmScratchBytes(): i32 {
  return SCRATCH_BYTES;
}

/** Rows (or, when K is split, chunks of K) that one part of the work covers; splitting never changes a result. */
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
      block(args, scratch, arg(args, A), arg(args, B), target, true, 0, m, first, min(k, first + size));
    }
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
    block(args, scratch, a, b, c, false, (first - matrix * panels) * MR, min(m, (stop - matrix * panels) * MR), 0, k);
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

function axis(args: usize, at: i32, i: i32): i32 {
  const d1 = arg(args, at);
  const d2 = arg(args, at + 1);
  const low = i / d2;
  return (low / d1) * arg(args, at + 2) + (low % d1) * arg(args, at + 3) + (i % d2) * arg(args, at + 4);
}

/** Writes byte offsets of indices [first, last) of an axis, counting digits up instead of dividing. */
function fillAxis(args: usize, at: i32, first: i32, last: i32, out: usize): void {
  const d1 = arg(args, at);
  const d2 = arg(args, at + 1);
  const s0 = arg(args, at + 2) << 2;
  const s1 = arg(args, at + 3) << 2;
  const s2 = arg(args, at + 4) << 2;
  let digit2 = first % d2;
  let digit1 = (first / d2) % d1;
  let base = (first / d2 / d1) * s0;
  let offset = base + digit1 * s1 + digit2 * s2;
  for (let i = first; i < last; i++) {
    store<i32>(out, offset);
    out += 4;
    offset += s2;
    if (++digit2 == d2) {
      digit2 = 0;
      if (++digit1 == d1) {
        digit1 = 0;
        base += s0;
      }
      offset = base + digit1 * s1;
    }
  }
}

/** One product over rows [m0, m1) and depth [k0, k1). A dense target (partial sums) has rows of N and no epilogue. */
function block(
  args: usize, scratch: usize, a: usize, b: usize, c: usize, isPartial: bool, m0: i32, m1: i32, k0: i32, k1: i32,
): void {
  const n = arg(args, N);
  const bias: usize = isPartial ? 0 : <usize>arg(args, BIAS);
  const activation = isPartial ? 0 : arg(args, ACTIVATION);
  const tile = scratch + TILE;
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc);
    fillAxis(args, B_COL_AXIS, jc, jc + nc, scratch + B_COLS);
    let pc = k0;
    do {
      const kc = min(KC, k1 - pc);
      const isFirst = pc == k0;
      const isLast = pc + kc >= k1;
      fillAxis(args, A_COL_AXIS, pc, pc + kc, scratch + A_COLS);
      fillAxis(args, B_ROW_AXIS, pc, pc + kc, scratch + B_ROWS);
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
            micro(panelA, panelB, kc, c + (<usize>(jc + jr) << 2), cRows, rows, columns, isFirst, tile, biasAt,
              isLast ? activation : 0);
          }
        }
      }
      pc += kc;
    } while (pc < k1);
  }
}

@inline
function activate(x: v128, activation: i32): v128 {
  if (activation == 0) return x;
  // pmax and pmin pick their first operand when the other is NaN or equal, so NaN in x survives.
  const positive = v128.pmax<f32>(x, f32x4.splat(0));
  return activation == RELU6 ? v128.pmin<f32>(positive, f32x4.splat(6)) : positive;
}

/** Loads up to 8 bias values without reading past the end. */
@inline
function finishRow(target: usize, low: v128, high: v128, isFirst: bool, bias0: v128, bias1: v128, activation: i32): void {
  if (!isFirst) {
    low = v128.add<f32>(low, v128.load(target));
    high = v128.add<f32>(high, v128.load(target, 16));
  }
  v128.store(target, activate(v128.add<f32>(low, bias0), activation));
  v128.store(target, activate(v128.add<f32>(high, bias1), activation), 16);
}

/** The register tile: 6 × 8 sums over kc, then bias, activation and the store. */
function micro(
  pa: usize, pb: usize, kc: i32, c: usize, cRows: usize, rows: i32, columns: i32, isFirst: bool, tile: usize,
  bias: usize, activation: i32,
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
    pa += 24;
    pb += 32;
  }
  let bias0 = zero;
  let bias1 = zero;
  if (rows == MR && columns == NR) {
    if (bias) {
      bias0 = v128.load(bias);
      bias1 = v128.load(bias, 16);
    }
    finishRow(c + <usize>load<i32>(cRows), c00, c01, isFirst, bias0, bias1, activation);
    finishRow(c + <usize>load<i32>(cRows, 4), c10, c11, isFirst, bias0, bias1, activation);
    finishRow(c + <usize>load<i32>(cRows, 8), c20, c21, isFirst, bias0, bias1, activation);
    finishRow(c + <usize>load<i32>(cRows, 12), c30, c31, isFirst, bias0, bias1, activation);
    finishRow(c + <usize>load<i32>(cRows, 16), c40, c41, isFirst, bias0, bias1, activation);
    finishRow(c + <usize>load<i32>(cRows, 20), c50, c51, isFirst, bias0, bias1, activation);
    return;
  }
  // An edge tile goes through memory, so that nothing beside the matrix is read or written.
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
      if (activation) {
        if (x < 0) x = 0;
        if (activation == RELU6 && x > 6) x = 6;
      }
      store<f32>(at, x);
    }
  }
}

/** Packs A into panels of 6 rows, depth first: panel[p][r]. Missing rows are zero. */
function packA(a: usize, scratch: usize, mc: i32, kc: i32): void {
  const cols = scratch + A_COLS;
  let out = scratch + PACKED_A;
  for (let ir = 0; ir < mc; ir += MR) {
    const rows = scratch + A_ROWS + (<usize>ir << 2);
    if (mc - ir < MR) {
      packTail(a, rows, cols, mc - ir, kc, MR, out);
      out += <usize>(kc * MR) << 2;
      continue;
    }
    const r0 = load<i32>(rows);
    const r1 = load<i32>(rows, 4);
    const r2 = load<i32>(rows, 8);
    const r3 = load<i32>(rows, 12);
    const r4 = load<i32>(rows, 16);
    const r5 = load<i32>(rows, 20);
    let p = 0;
    if (r1 - r0 == 4 && r2 - r0 == 8 && r3 - r0 == 12 && r4 - r0 == 16 && r5 - r0 == 20) {
      // The six rows are neighbours in memory (a transposed matrix, six channels of one tap).
      for (; p < kc; p++) {
        const at = a + <usize>(r0 + load<i32>(cols + (<usize>p << 2)));
        v128.store(out, v128.load(at));
        store<i64>(out, load<i64>(at, 16), 16);
        out += 24;
      }
      continue;
    }
    while (p + 4 <= kc) {
      const at = cols + (<usize>p << 2);
      const k0 = load<i32>(at);
      if (load<i32>(at, 4) - k0 == 4 && load<i32>(at, 8) - k0 == 8 && load<i32>(at, 12) - k0 == 12) {
        // Four depths are neighbours: six vectors, transposed in registers.
        const x0 = v128.load(a + <usize>(r0 + k0));
        const x1 = v128.load(a + <usize>(r1 + k0));
        const x2 = v128.load(a + <usize>(r2 + k0));
        const x3 = v128.load(a + <usize>(r3 + k0));
        const x4 = v128.load(a + <usize>(r4 + k0));
        const x5 = v128.load(a + <usize>(r5 + k0));
        const y0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
        const y1 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
        const y2 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
        const y3 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
        const z0 = v128.shuffle<i32>(x4, x5, 0, 4, 1, 5);
        const z1 = v128.shuffle<i32>(x4, x5, 2, 6, 3, 7);
        v128.store(out, v128.shuffle<i64>(y0, y1, 0, 2));
        v128.store64_lane(out, z0, 0, 16);
        v128.store(out, v128.shuffle<i64>(y0, y1, 1, 3), 24);
        v128.store64_lane(out, z0, 1, 40);
        v128.store(out, v128.shuffle<i64>(y2, y3, 0, 2), 48);
        v128.store64_lane(out, z1, 0, 64);
        v128.store(out, v128.shuffle<i64>(y2, y3, 1, 3), 72);
        v128.store64_lane(out, z1, 1, 88);
        out += 96;
        p += 4;
        continue;
      }
      packDepth(a, k0, r0, r1, r2, r3, r4, r5, out);
      out += 24;
      p++;
    }
    for (; p < kc; p++) {
      packDepth(a, load<i32>(cols + (<usize>p << 2)), r0, r1, r2, r3, r4, r5, out);
      out += 24;
    }
  }
}

@inline
function packDepth(a: usize, k: i32, r0: i32, r1: i32, r2: i32, r3: i32, r4: i32, r5: i32, out: usize): void {
  store<f32>(out, load<f32>(a + <usize>(r0 + k)));
  store<f32>(out, load<f32>(a + <usize>(r1 + k)), 4);
  store<f32>(out, load<f32>(a + <usize>(r2 + k)), 8);
  store<f32>(out, load<f32>(a + <usize>(r3 + k)), 12);
  store<f32>(out, load<f32>(a + <usize>(r4 + k)), 16);
  store<f32>(out, load<f32>(a + <usize>(r5 + k)), 20);
}

/** Packs fewer lines than a panel holds, and fills it up with zeros. */
function packTail(source: usize, lines: usize, depths: usize, count: i32, kc: i32, width: i32, out: usize): void {
  for (let p = 0; p < kc; p++) {
    const depth = load<i32>(depths + (<usize>p << 2));
    for (let r = 0; r < width; r++) {
      store<f32>(out, r < count ? load<f32>(source + <usize>(load<i32>(lines + (<usize>r << 2)) + depth)) : 0);
      out += 4;
    }
  }
}

/** Packs B into panels of 8 columns, depth first: panel[p][j]. Missing columns are zero. */
function packB(b: usize, scratch: usize, kc: i32, nc: i32): void {
  const depths = scratch + B_ROWS;
  let out = scratch + PACKED_B;
  for (let jr = 0; jr < nc; jr += NR) {
    const lines = scratch + B_COLS + (<usize>jr << 2);
    if (nc - jr < NR) {
      packTail(b, lines, depths, nc - jr, kc, NR, out);
      out += <usize>(kc * NR) << 2;
      continue;
    }
    const first = load<i32>(lines);
    let p = 0;
    if (load<i32>(lines, 28) - first == 28 && load<i32>(lines, 4) - first == 4) {
      for (; p < kc; p++) {
        const at = b + <usize>(first + load<i32>(depths + (<usize>p << 2)));
        v128.store(out, v128.load(at));
        v128.store(out, v128.load(at, 16), 16);
        out += 32;
      }
      continue;
    }
    while (p < kc) {
      const at = depths + (<usize>p << 2);
      const depth = load<i32>(at);
      if (p + 4 <= kc && load<i32>(at, 4) - depth == 4 && load<i32>(at, 12) - depth == 12) {
        transposeFour(b + <usize>depth, lines, out);
        transposeFour(b + <usize>depth, lines + 16, out + 16);
        out += 128;
        p += 4;
        continue;
      }
      for (let j = 0; j < NR; j++) {
        store<f32>(out, load<f32>(b + <usize>(load<i32>(lines + (<usize>j << 2)) + depth)));
        out += 4;
      }
      p++;
    }
  }
}

/** Four columns by four depths, turned: out[p·8 + j] for p, j in 0…3. */
@inline
function transposeFour(b: usize, lines: usize, out: usize): void {
  const x0 = v128.load(b + <usize>load<i32>(lines));
  const x1 = v128.load(b + <usize>load<i32>(lines, 4));
  const x2 = v128.load(b + <usize>load<i32>(lines, 8));
  const x3 = v128.load(b + <usize>load<i32>(lines, 12));
  const y0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const y1 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const y2 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const y3 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(y0, y1, 0, 2));
  v128.store(out, v128.shuffle<i64>(y0, y1, 1, 3), 32);
  v128.store(out, v128.shuffle<i64>(y2, y3, 0, 2), 64);
  v128.store(out, v128.shuffle<i64>(y2, y3, 1, 3), 96);
}
