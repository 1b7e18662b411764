/**
 * Softmax and its logarithm along rows, and their gradients. The largest value of a row is subtracted first, so no
 * exponential overflows; NaN spreads over its row, as in tfjs.
 */
import { arg } from '../args';
import { loadTail, log, maxLanes, multiplyAdd, storeTail, sumLanes } from '../math';
import { exp4, expNotPositive4, mathTable } from '../mathTable';
import { rowStart } from '../range';

/** The argument block: 32-bit words in this order. `runtime/kernels/softmax/softmax.ts` writes it. */
const X: i32 = 0;
const OUT: i32 = 1;
const ROWS: i32 = 2;
const COLUMNS: i32 = 3;
const IS_LOG: i32 = 4;

export function softmax(args: usize, scratch: usize, part: i32, parts: i32): void {
  const columns = arg(args, COLUMNS);
  const rowBytes = <usize>columns << 2;
  const last = rowStart(arg(args, ROWS), part + 1, parts);
  const t = mathTable(scratch);
  const isLog = arg(args, IS_LOG) != 0;
  for (let row = rowStart(arg(args, ROWS), part, parts); row < last; row++) {
    const x = <usize>arg(args, X) + <usize>row * rowBytes;
    const out = <usize>arg(args, OUT) + <usize>row * rowBytes;
    const most = rowMax(x, columns);
    const sum = exponentials(x, out, columns, most, t);
    if (isLog) shift(x, out, columns, most, <f32>log(<f64>sum));
    else scale(out, columns, 1 / sum);
  }
}

/**
 * The largest value of a row, skipping NaN (which returns through the sum). `pmax` is one instruction, and four chains
 * hide its latency; `max` took as long as the exponentials.
 */
export function rowMax(x: usize, columns: i32): f32 {
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let m2 = m0;
  let m3 = m0;
  for (; columns >= 16; columns -= 16) {
    m0 = v128.pmax<f32>(m0, v128.load(x));
    m1 = v128.pmax<f32>(m1, v128.load(x, 16));
    m2 = v128.pmax<f32>(m2, v128.load(x, 32));
    m3 = v128.pmax<f32>(m3, v128.load(x, 48));
    x += 64;
  }
  for (; columns >= 4; columns -= 4) {
    m0 = v128.pmax<f32>(m0, v128.load(x));
    x += 16;
  }
  if (columns > 0) m1 = v128.pmax<f32>(m1, loadTail(x, columns, -Infinity));
  return maxLanes(v128.pmax<f32>(v128.pmax<f32>(m0, m1), v128.pmax<f32>(m2, m3)));
}

/** Stores e^(x − most) and gives their sum. Two vectors at a time take each constant from the table once. */
export function exponentials(x: usize, out: usize, columns: i32, most: f32, t: usize): f32 {
  const shift = f32x4.splat(most);
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  for (; columns >= 8; columns -= 8) {
    const e0 = expNotPositive4(v128.sub<f32>(v128.load(x), shift), t);
    const e1 = expNotPositive4(v128.sub<f32>(v128.load(x, 16), shift), t);
    v128.store(out, e0);
    v128.store(out, e1, 16);
    sum0 = v128.add<f32>(sum0, e0);
    sum1 = v128.add<f32>(sum1, e1);
    x += 32;
    out += 32;
  }
  if (columns >= 4) {
    const e = expNotPositive4(v128.sub<f32>(v128.load(x), shift), t);
    v128.store(out, e);
    sum0 = v128.add<f32>(sum0, e);
    x += 16;
    out += 16;
  }
  columns &= 3;
  if (columns > 0) {
    const e = expNotPositive4(v128.sub<f32>(loadTail(x, columns, -Infinity), shift), t);
    storeTail(out, e, columns);
    sum1 = v128.add<f32>(sum1, e);
  }
  return sumLanes(v128.add<f32>(sum0, sum1));
}

export function scale(out: usize, columns: i32, factor: f32): void {
  const by = f32x4.splat(factor);
  for (; columns >= 4; columns -= 4) {
    v128.store(out, v128.mul<f32>(v128.load(out), by));
    out += 16;
  }
  if (columns > 0) storeTail(out, v128.mul<f32>(loadTail(out, columns, 0), by), columns);
}

/** (x − most) − logSum, in this order: the first difference is exact where it matters. */
function shift(x: usize, out: usize, columns: i32, most: f32, logSum: f32): void {
  const first = f32x4.splat(most);
  const second = f32x4.splat(logSum);
  for (; columns >= 4; columns -= 4) {
    v128.store(out, v128.sub<f32>(v128.sub<f32>(v128.load(x), first), second));
    x += 16;
    out += 16;
  }
  if (columns > 0) {
    storeTail(out, v128.sub<f32>(v128.sub<f32>(loadTail(x, columns, 0), first), second), columns);
  }
}

/** The argument block of the gradient. */
const Y: i32 = 0;
const DY: i32 = 1;
const DX: i32 = 2;
const GRAD_ROWS: i32 = 3;
const GRAD_COLUMNS: i32 = 4;
const GRAD_IS_LOG: i32 = 5;

/** y · (dy − Σ dy · y) of softmax; dy − e^y · Σ dy of its logarithm. */
export function softmaxGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const columns = arg(args, GRAD_COLUMNS);
  const rowBytes = <usize>columns << 2;
  const last = rowStart(arg(args, GRAD_ROWS), part + 1, parts);
  const t = mathTable(scratch);
  const isLog = arg(args, GRAD_IS_LOG) != 0;
  for (let row = rowStart(arg(args, GRAD_ROWS), part, parts); row < last; row++) {
    const offset = <usize>row * rowBytes;
    const y = <usize>arg(args, Y) + offset;
    const dy = <usize>arg(args, DY) + offset;
    const dx = <usize>arg(args, DX) + offset;
    if (isLog) logRowGrad(y, dy, dx, columns, t);
    else rowGrad(y, dy, dx, columns, 1);
  }
}

/** factor · y · (dy − Σ dy · y). */
export function rowGrad(y: usize, dy: usize, dx: usize, columns: i32, factor: f32): void {
  let dots = f32x4.splat(0);
  let at: usize = 0;
  let left = columns;
  for (; left >= 4; left -= 4) {
    dots = multiplyAdd(v128.load(y + at), v128.load(dy + at), dots);
    at += 16;
  }
  if (left > 0) dots = multiplyAdd(loadTail(y + at, left, 0), loadTail(dy + at, left, 0), dots);
  const dot = f32x4.splat(sumLanes(dots));
  const by = f32x4.splat(factor);
  at = 0;
  for (left = columns; left >= 4; left -= 4) {
    const scaled = v128.mul<f32>(v128.load(y + at), by);
    v128.store(dx + at, v128.mul<f32>(scaled, v128.sub<f32>(v128.load(dy + at), dot)));
    at += 16;
  }
  if (left > 0) {
    const difference = v128.sub<f32>(loadTail(dy + at, left, 0), dot);
    storeTail(dx + at, v128.mul<f32>(v128.mul<f32>(loadTail(y + at, left, 0), by), difference), left);
  }
}

function logRowGrad(y: usize, dy: usize, dx: usize, columns: i32, t: usize): void {
  let sums = f32x4.splat(0);
  let at: usize = 0;
  let left = columns;
  for (; left >= 4; left -= 4) {
    sums = v128.add<f32>(sums, v128.load(dy + at));
    at += 16;
  }
  if (left > 0) sums = v128.add<f32>(sums, loadTail(dy + at, left, 0));
  const sum = f32x4.splat(sumLanes(sums));
  at = 0;
  for (left = columns; left >= 4; left -= 4) {
    v128.store(dx + at, v128.sub<f32>(v128.load(dy + at), v128.mul<f32>(exp4(v128.load(y + at), t), sum)));
    at += 16;
  }
  if (left > 0) {
    const given = v128.mul<f32>(exp4(loadTail(y + at, left, 0), t), sum);
    storeTail(dx + at, v128.sub<f32>(loadTail(dy + at, left, 0), given), left);
  }
}
