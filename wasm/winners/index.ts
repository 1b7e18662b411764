/**
 * The largest and smallest values along one range of axes, [outer, reduce, inner] → [outer, inner], their positions,
 * and the k largest of each row.
 */
import { arg } from '../args';
import { rowStart } from '../range';

/** The argument block: 32-bit words in this order. `runtime/kernels/reduce/winners.ts` writes it. */
const X: i32 = 0;
const OUT: i32 = 1;
const OP: i32 = 2;
const OUTER: i32 = 3;
const REDUCE: i32 = 4;
const INNER: i32 = 5;
/** How many of each row, and the address of their positions. */
const MOST: i32 = 6;
const PLACES: i32 = 7;

/** As `runtime/kernels/reduce/winners.ts` numbers them. */
const MAX: i32 = 0;
const MIN: i32 = 1;
const ARG_MAX: i32 = 2;

export function winners(args: usize, scratch: usize, part: i32, parts: i32): void {
  const op = arg(args, OP);
  const inner = arg(args, INNER);
  const groups = (inner + 3) >> 2;
  const units = arg(args, OUTER) * groups;
  const last = rowStart(units, part + 1, parts);
  const reduce = arg(args, REDUCE);
  const x = <usize>arg(args, X);
  const out = <usize>arg(args, OUT);
  for (let unit = rowStart(units, part, parts); unit < last; unit++) {
    if (inner > 1) {
      const outer = unit / groups;
      columns(op, x, out, outer, reduce, inner, (unit - outer * groups) << 2);
      continue;
    }
    const row = x + (<usize>(unit * reduce) << 2);
    const at = out + (<usize>unit << 2);
    if (op == MAX) store<f32>(at, ofRow(MAX, row, reduce));
    else if (op == MIN) store<f32>(at, ofRow(MIN, row, reduce));
    else if (op == ARG_MAX) store<i32>(at, placeOf(row, reduce));
    else top(args, row, reduce, unit);
  }
}

/** NaN if one of them is. */
@inline
function better(op: i32, a: v128, b: v128): v128 {
  return op == MAX ? v128.max<f32>(a, b) : v128.min<f32>(a, b);
}

@inline
function ofRow(op: i32, x: usize, count: i32): f32 {
  let most = v128.load32_splat(x);
  const end = x + (<usize>(count & ~3) << 2);
  for (; x < end; x += 16) most = better(op, most, v128.load(x));
  for (let left = count & 3; left > 0; left--) {
    most = better(op, most, v128.load32_splat(x));
    x += 4;
  }
  most = better(op, most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
  return f32x4.extract_lane(better(op, most, v128.shuffle<i32>(most, most, 1, 0, 3, 2)), 0);
}

/** The first of the largest, skipping NaN unless it is the first value. */
function placeOf(x: usize, count: i32): i32 {
  let most = load<f32>(x);
  let place = 0;
  for (let i = 1; i < count; i++) {
    const value = load<f32>(x + (<usize>i << 2));
    if (value > most) {
      most = value;
      place = i;
    }
  }
  return place;
}

/** Up to four columns from `column` on. */
function columns(op: i32, x: usize, out: usize, outer: i32, reduce: i32, inner: i32, column: i32): void {
  const bytes = <usize>inner << 2;
  let from = x + (<usize>(outer * reduce * inner + column) << 2);
  const to = out + (<usize>(outer * inner + column) << 2);
  if (inner - column >= 4) {
    let most = v128.load(from);
    for (let i = 1; i < reduce; i++) {
      from += bytes;
      most = op == MAX ? better(MAX, most, v128.load(from)) : better(MIN, most, v128.load(from));
    }
    v128.store(to, most);
    return;
  }
  for (let left = inner - column, at: usize = 0; left > 0; left--, at += 4) {
    let most = load<f32>(from + at);
    for (let i = 1; i < reduce; i++) {
      const value = load<f32>(from + at + bytes * i);
      most = op == MAX ? max<f32>(most, value) : min<f32>(most, value);
    }
    store<f32>(to + at, most);
  }
}

/** The largest first, and of equal ones the first. NaN is only among them if there are no others. */
function top(args: usize, x: usize, count: i32, row: i32): void {
  const most = arg(args, MOST);
  const offset = <usize>(row * most) << 2;
  const values = <usize>arg(args, OUT) + offset;
  const places = <usize>arg(args, PLACES) + offset;
  let bound: f32 = Infinity;
  let before = -1;
  for (let k = 0; k < most; k++) {
    // The best of those that come after the one chosen last.
    let best: f32 = -Infinity;
    let place = -1;
    for (let i = 0; i < count; i++) {
      const value = load<f32>(x + (<usize>i << 2));
      const isLeft = value < bound || (value == bound && i > before);
      if (isLeft && (place < 0 || value > best)) {
        best = value;
        place = i;
      }
    }
    if (place < 0) {
      store<f32>(values + (<usize>k << 2), NaN);
      store<i32>(places + (<usize>k << 2), 0);
      continue;
    }
    bound = best;
    before = place;
    store<f32>(values + (<usize>k << 2), best);
    store<i32>(places + (<usize>k << 2), place);
  }
}
