import { A_COLS, A_ROWS, B_COLS, B_ROWS, MR, NR, PACKED_A, PACKED_B } from './layout';

/** Packs A into panels of 6 rows, depth first: panel[p][r]. Missing rows are zero. */
export function packA(a: usize, scratch: usize, mc: i32, kc: i32): void {
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
        turnSix(x0, x1, x2, x3, x4, x5, out);
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

/** Transposes six rows of four values: four depths of a panel of A. */
@inline
export function turnSix(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, out: usize): void {
  const low0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
  const low1 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5);
  const low2 = v128.shuffle<i32>(x4, x5, 0, 4, 1, 5);
  v128.store(out, v128.shuffle<i64>(low0, low1, 0, 2));
  v128.store(out, v128.shuffle<i64>(low2, low0, 0, 3), 16);
  v128.store(out, v128.shuffle<i64>(low1, low2, 1, 3), 32);
  const high0 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
  const high1 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
  const high2 = v128.shuffle<i32>(x4, x5, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(high0, high1, 0, 2), 48);
  v128.store(out, v128.shuffle<i64>(high2, high0, 0, 3), 64);
  v128.store(out, v128.shuffle<i64>(high1, high2, 1, 3), 80);
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
export function packB(b: usize, scratch: usize, kc: i32, nc: i32): void {
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

/** Four columns by four depths, transposed: out[p·8 + j] for p, j in 0…3. */
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
