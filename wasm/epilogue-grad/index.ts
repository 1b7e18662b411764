/**
 * Backward through the bias and activation of a matrix product or a convolution: one pass gives the gradient before the
 * activation and the sums of its columns, which are the bias's gradient.
 */
import { RELU6 } from '../activation';
import { GELU } from '../gemm/gelu';
import { arg } from '../args';

/** The argument block: 32-bit words in this order. `runtime/kernels/matmul/epilogueGrad.ts` writes it. */
const DY: i32 = 0;
const Y: i32 = 1;
const OUT: i32 = 2;
const SUMS: i32 = 3;
const PARTIALS: i32 = 4;
const ROWS: i32 = 5;
const COLUMNS: i32 = 6;
const ACTIVATION: i32 = 7;
const CHUNKS: i32 = 8;

/** From so many columns on whole rows are read in the order of memory, with their sums in the first-level cache. */
const WIDE: i32 = 128;

/** dy where the activation is the identity, which y shows; of gelu y is the slope. */
@inline
function masked(dy: v128, y: v128, activation: i32): v128 {
  if (activation == GELU) return v128.mul<f32>(dy, y);
  const through = v128.and(dy, v128.gt<f32>(y, f32x4.splat(0)));
  return activation == RELU6 ? v128.and(through, v128.lt<f32>(y, f32x4.splat(6))) : through;
}

@inline
function maskedOne(dy: f32, y: f32, activation: i32): f32 {
  if (activation == GELU) return dy * y;
  return y > 0 && (activation != RELU6 || y < 6) ? dy : 0;
}

/** A part is every `parts`-th chunk of rows; each chunk has its own row of partial sums. */
export function epilogueGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const columns = arg(args, COLUMNS);
  const chunks = arg(args, CHUNKS);
  for (let chunk = part; chunk < chunks; chunk += parts) {
    const first = <i32>((<i64>rows * chunk) / chunks);
    const last = <i32>((<i64>rows * (chunk + 1)) / chunks);
    const sums = <usize>arg(args, PARTIALS) + (<usize>(chunk * columns) << 2);
    let j = 0;
    if (columns >= WIDE && arg(args, ACTIVATION) != 0) {
      j = columns & ~3;
      byRows(args, first, last, j, sums);
    }
    for (; j + 16 <= columns; j += 16) sixteen(args, first, last, j, sums + (<usize>j << 2));
    for (; j + 4 <= columns; j += 4) four(args, first, last, j, sums + (<usize>j << 2));
    for (; j < columns; j++) one(args, first, last, j, sums + (<usize>j << 2));
  }
}

/** Adds the partial sums of all chunks, in order. */
export function epilogueGradSum(args: usize, scratch: usize, part: i32, parts: i32): void {
  const columns = arg(args, COLUMNS);
  const chunks = arg(args, CHUNKS);
  const first = (columns * part) / parts;
  const last = (columns * (part + 1)) / parts;
  const stride = <usize>columns << 2;
  for (let j = first; j < last; j++) {
    let at = <usize>arg(args, PARTIALS) + (<usize>j << 2);
    let sum: f32 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      sum += load<f32>(at);
      at += stride;
    }
    store<f32>(<usize>arg(args, SUMS) + (<usize>j << 2), sum);
  }
}

/** The first `columns` of the rows, a multiple of four. */
function byRows(args: usize, first: i32, last: i32, columns: i32, sums: usize): void {
  const activation = arg(args, ACTIVATION);
  const bytes = <usize>columns << 2;
  memory.fill(sums, 0, bytes);
  const stride = <usize>arg(args, COLUMNS) << 2;
  for (let i = first; i < last; i++) {
    const offset = <usize>i * stride;
    const dy = <usize>arg(args, DY) + offset;
    const y = <usize>arg(args, Y) + offset;
    const out = <usize>arg(args, OUT) + offset;
    for (let at: usize = 0; at < bytes; at += 16) {
      const d = masked(v128.load(dy + at), v128.load(y + at), activation);
      v128.store(out + at, d);
      v128.store(sums + at, v128.add<f32>(v128.load(sums + at), d));
    }
  }
}

function sixteen(args: usize, first: i32, last: i32, j: i32, sums: usize): void {
  const activation = arg(args, ACTIVATION);
  const stride = <usize>arg(args, COLUMNS) << 2;
  const offset = <usize>first * stride + (<usize>j << 2);
  let dy = <usize>arg(args, DY) + offset;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  if (activation == 0) {
    for (let i = first; i < last; i++) {
      s0 = v128.add<f32>(s0, v128.load(dy));
      s1 = v128.add<f32>(s1, v128.load(dy, 16));
      s2 = v128.add<f32>(s2, v128.load(dy, 32));
      s3 = v128.add<f32>(s3, v128.load(dy, 48));
      dy += stride;
    }
  } else {
    let y = <usize>arg(args, Y) + offset;
    let out = <usize>arg(args, OUT) + offset;
    for (let i = first; i < last; i++) {
      const d0 = masked(v128.load(dy), v128.load(y), activation);
      const d1 = masked(v128.load(dy, 16), v128.load(y, 16), activation);
      const d2 = masked(v128.load(dy, 32), v128.load(y, 32), activation);
      const d3 = masked(v128.load(dy, 48), v128.load(y, 48), activation);
      v128.store(out, d0);
      v128.store(out, d1, 16);
      v128.store(out, d2, 32);
      v128.store(out, d3, 48);
      s0 = v128.add<f32>(s0, d0);
      s1 = v128.add<f32>(s1, d1);
      s2 = v128.add<f32>(s2, d2);
      s3 = v128.add<f32>(s3, d3);
      dy += stride;
      y += stride;
      out += stride;
    }
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}

function four(args: usize, first: i32, last: i32, j: i32, sums: usize): void {
  const activation = arg(args, ACTIVATION);
  const stride = <usize>arg(args, COLUMNS) << 2;
  const offset = <usize>first * stride + (<usize>j << 2);
  let dy = <usize>arg(args, DY) + offset;
  let y = <usize>arg(args, Y) + offset;
  let out = <usize>arg(args, OUT) + offset;
  let sum = f32x4.splat(0);
  for (let i = first; i < last; i++) {
    let d = v128.load(dy);
    if (activation != 0) {
      d = masked(d, v128.load(y), activation);
      v128.store(out, d);
    }
    sum = v128.add<f32>(sum, d);
    dy += stride;
    y += stride;
    out += stride;
  }
  v128.store(sums, sum);
}

function one(args: usize, first: i32, last: i32, j: i32, sums: usize): void {
  const activation = arg(args, ACTIVATION);
  const stride = <usize>arg(args, COLUMNS) << 2;
  const offset = <usize>first * stride + (<usize>j << 2);
  let dy = <usize>arg(args, DY) + offset;
  let y = <usize>arg(args, Y) + offset;
  let out = <usize>arg(args, OUT) + offset;
  let sum: f32 = 0;
  for (let i = first; i < last; i++) {
    let d = load<f32>(dy);
    if (activation != 0) {
      d = maskedOne(d, load<f32>(y), activation);
      store<f32>(out, d);
    }
    sum += d;
    dy += stride;
    y += stride;
    out += stride;
  }
  store<f32>(sums, sum);
}
