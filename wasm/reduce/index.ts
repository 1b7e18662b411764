/**
 * Sums over one range of axes: [outer, reduce, inner] → [outer, inner], and the way back, which repeats.
 * Sums of a block are kept in float32, blocks are added in float64.
 */
import { arg } from '../args';
import { at, BLOCK_ROWS, firstOf, GROUP, STRIPE, wideAt } from './columns';
import { addWide, high, low } from './lanes';

/** The argument block: 32-bit words in this order. `reduce/reduction.ts` and `arrange/broadcast.ts` of the kernels write it. */
const X: i32 = 0;
const OUT: i32 = 1;
const OUTER: i32 = 2;
const REDUCE: i32 = 3;
const INNER: i32 = 4;
/** Folded rows of a slice, their width, and the values after them (see columns.ts). */
const ROWS: i32 = 5;
const PERIOD: i32 = 6;
const REST: i32 = 7;
const CHUNKS: i32 = 8;
/** Address of a double for each slice, chunk and folded column; 0 if a sum is finished at once. */
const PARTIALS: i32 = 9;
/** A sum is divided by this whole number; the way back multiplies by this float. */
const DIVISOR: i32 = 10;
const SCALE: i32 = 10;

/** Values whose sum is kept in float32. */
const RUN: i32 = 1024;
/** Rows up to this long are summed four at a time, all in float32. */
const SHORT: i32 = 256;

/** inner = 1: a unit of work is one chunk of one row. */
export function sumRows(args: usize, scratch: usize, part: i32, parts: i32): void {
  const reduce = arg(args, REDUCE);
  const chunks = arg(args, CHUNKS);
  const partials = <usize>arg(args, PARTIALS);
  const divisor = <f64>arg(args, DIVISOR);
  const units = arg(args, OUTER) * chunks;
  const last = firstOf(units, part + 1, parts);
  if (reduce <= SHORT) {
    sumShortRows(args, firstOf(units, part, parts), last);
    return;
  }
  for (let unit = firstOf(units, part, parts); unit < last; unit++) {
    const row = unit / chunks;
    const chunk = unit - row * chunks;
    const first = firstOf(reduce, chunk, chunks);
    const start = at(at(<usize>arg(args, X), first), row * reduce);
    const sum = sumOf(start, firstOf(reduce, chunk + 1, chunks) - first);
    if (partials) store<f64>(wideAt(partials, unit), sum);
    else store<f32>(at(<usize>arg(args, OUT), row), <f32>(sum / divisor));
  }
}

/** Short rows are never split. A row's sum is the same whether it is one of four or alone. */
function sumShortRows(args: usize, row: i32, last: i32): void {
  const reduce = arg(args, REDUCE);
  const whole = <usize>(reduce & ~3) << 2;
  const rowBytes = <usize>reduce << 2;
  const divisor = <f32>arg(args, DIVISOR);
  let x = at(<usize>arg(args, X), row * reduce);
  let out = at(<usize>arg(args, OUT), row);
  for (; row + 4 <= last; row += 4) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let from = x;
    for (const end = x + whole; from < end; from += 16) {
      s0 = v128.add<f32>(s0, v128.load(from));
      s1 = v128.add<f32>(s1, v128.load(from + rowBytes));
      s2 = v128.add<f32>(s2, v128.load(from + rowBytes * 2));
      s3 = v128.add<f32>(s3, v128.load(from + rowBytes * 3));
    }
    const low = sumOfPairs(s0, s1);
    const high = sumOfPairs(s2, s3);
    let sum = v128.add<f32>(v128.shuffle<f32>(low, high, 0, 1, 4, 5), v128.shuffle<f32>(low, high, 2, 3, 6, 7));
    for (const end = x + rowBytes; from < end; from += 4) {
      const first = load<f32>(from);
      const second = load<f32>(from + rowBytes);
      const third = load<f32>(from + rowBytes * 2);
      const values = f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(first), 1, second), 2, third);
      sum = v128.add<f32>(sum, f32x4.replace_lane(values, 3, load<f32>(from + rowBytes * 3)));
    }
    v128.store(out, v128.div<f32>(sum, f32x4.splat(divisor)));
    x += rowBytes * 4;
    out += 16;
  }
  for (; row < last; row++) {
    let s = f32x4.splat(0);
    let from = x;
    for (const end = x + whole; from < end; from += 16) s = v128.add<f32>(s, v128.load(from));
    const pairs = sumOfPairs(s, s);
    let sum = f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 2);
    for (const end = x + rowBytes; from < end; from += 4) sum += load<f32>(from);
    store<f32>(out, sum / divisor);
    x += rowBytes;
    out += 4;
  }
}

/** a0 + a2, b0 + b2, a1 + a3, b1 + b3. */
@inline
function sumOfPairs(a: v128, b: v128): v128 {
  return v128.add<f32>(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
}

function sumOf(x: usize, count: i32): f64 {
  let total = f64x2.splat(0);
  while (count >= GROUP) {
    const run = min(count, RUN) & ~(GROUP - 1);
    count -= run;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (const end = at(x, run); x < end; x += 64) {
      s0 = v128.add<f32>(s0, v128.load(x));
      s1 = v128.add<f32>(s1, v128.load(x, 16));
      s2 = v128.add<f32>(s2, v128.load(x, 32));
      s3 = v128.add<f32>(s3, v128.load(x, 48));
    }
    const sum = v128.add<f32>(v128.add<f32>(s0, s1), v128.add<f32>(s2, s3));
    total = v128.add<f64>(total, v128.add<f64>(low(sum), high(sum)));
  }
  let sum = f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
  for (const end = at(x, count); x < end; x += 4) sum += <f64>load<f32>(x);
  return sum;
}

/** inner > 1: a unit of work is a stripe of columns of one chunk of folded rows of one slice. */
export function sumColumns(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const period = arg(args, PERIOD);
  const chunks = arg(args, CHUNKS);
  const partials = <usize>arg(args, PARTIALS);
  const divisor = <f64>arg(args, DIVISOR);
  const rowBytes = <usize>period << 2;
  const sliceBytes = (<usize>rows * period + arg(args, REST)) << 2;
  const stripes = (period + STRIPE - 1) / STRIPE;
  const units = arg(args, OUTER) * chunks * stripes;
  const last = firstOf(units, part + 1, parts);
  for (let unit = firstOf(units, part, parts); unit < last; unit++) {
    const place = unit / stripes;
    const slice = place / chunks;
    const chunk = place - slice * chunks;
    const first = firstOf(rows, chunk, chunks);
    const count = firstOf(rows, chunk + 1, chunks) - first;
    const x = <usize>arg(args, X) + <usize>slice * sliceBytes + <usize>first * rowBytes;
    const firstColumn = (unit - place * stripes) * STRIPE;
    const lastColumn = min(period, firstColumn + STRIPE);
    for (let column = firstColumn; column < lastColumn; column += GROUP) {
      const width = min(GROUP, lastColumn - column);
      const target = partials ? wideAt(partials, place * period + column) : scratch;
      if (width == GROUP) sumGroup(at(x, column), rowBytes, count, target);
      else sumSingly(at(x, column), rowBytes, count, width, target);
      if (partials) continue;
      const out = at(<usize>arg(args, OUT), slice * period + column);
      for (let i = 0; i < width; i++) store<f32>(at(out, i), <f32>(load<f64>(wideAt(target, i)) / divisor));
    }
  }
}

function sumGroup(x: usize, rowBytes: usize, rows: i32, target: usize): void {
  memory.fill(target, 0, <usize>GROUP << 3);
  while (rows > 0) {
    let count = min(rows, BLOCK_ROWS);
    rows -= count;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; count > 0; count--) {
      s0 = v128.add<f32>(s0, v128.load(x));
      s1 = v128.add<f32>(s1, v128.load(x, 16));
      s2 = v128.add<f32>(s2, v128.load(x, 32));
      s3 = v128.add<f32>(s3, v128.load(x, 48));
      x += rowBytes;
    }
    addWide(target, s0);
    addWide(target + 32, s1);
    addWide(target + 64, s2);
    addWide(target + 96, s3);
  }
}

/** Columns beside the last whole group. */
function sumSingly(x: usize, rowBytes: usize, rows: i32, width: i32, target: usize): void {
  for (let column = 0; column < width; column++) {
    let sum: f64 = 0;
    let from = at(x, column);
    for (let row = 0; row < rows; row++) {
      sum += <f64>load<f32>(from);
      from += rowBytes;
    }
    store<f64>(wideAt(target, column), sum);
  }
}

/** Adds what chunks and folded columns gave, and the rest, in order. A unit of work is one result. */
export function sumFinish(args: usize, scratch: usize, part: i32, parts: i32): void {
  const inner = arg(args, INNER);
  const period = arg(args, PERIOD);
  const rest = arg(args, REST);
  const chunks = arg(args, CHUNKS);
  const body = arg(args, ROWS) * period;
  const units = arg(args, OUTER) * inner;
  const last = firstOf(units, part + 1, parts);
  for (let unit = firstOf(units, part, parts); unit < last; unit++) {
    const slice = unit / inner;
    const column = unit - slice * inner;
    const partials = wideAt(<usize>arg(args, PARTIALS), slice * chunks * period);
    const behind = at(<usize>arg(args, X), slice * (body + rest) + body);
    let sum: f64 = 0;
    for (let i = column; i < chunks * period; i += inner) sum += load<f64>(wideAt(partials, i));
    for (let i = column; i < rest; i += inner) sum += <f64>load<f32>(at(behind, i));
    store<f32>(at(<usize>arg(args, OUT), unit), <f32>(sum / <f64>arg(args, DIVISOR)));
  }
}

/** [outer, inner] → [outer, reduce, inner], times a scale. A part is a run of results. */
export function broadcast(args: usize, scratch: usize, part: i32, parts: i32): void {
  const reduce = arg(args, REDUCE);
  const inner = arg(args, INNER);
  const scale = load<f32>(args + (<usize>SCALE << 2));
  const size = arg(args, OUTER) * reduce * inner;
  const last = firstOf(size, part + 1, parts);
  let index = firstOf(size, part, parts);
  const run = inner == 1 ? reduce : inner;
  while (index < last) {
    const row = index / run;
    const end = min(last, (row + 1) * run);
    const out = at(<usize>arg(args, OUT), index);
    if (inner == 1) {
      fill(out, end - index, load<f32>(at(<usize>arg(args, X), row)) * scale);
    } else {
      const column = index - row * run;
      copyScaled(out, at(<usize>arg(args, X), (row / reduce) * inner + column), end - index, scale);
    }
    index = end;
  }
}

function fill(out: usize, count: i32, value: f32): void {
  const four = f32x4.splat(value);
  for (const end = at(out, count & ~3); out < end; out += 16) v128.store(out, four);
  for (const end = at(out, count & 3); out < end; out += 4) store<f32>(out, value);
}

function copyScaled(out: usize, x: usize, count: i32, scale: f32): void {
  const four = f32x4.splat(scale);
  for (const end = at(out, count & ~3); out < end; out += 16) {
    v128.store(out, v128.mul<f32>(v128.load(x), four));
    x += 16;
  }
  for (const end = at(out, count & 3); out < end; out += 4) {
    store<f32>(out, load<f32>(x) * scale);
    x += 4;
  }
}
