/**
 * One function of two tensors, value by value, with broadcasting: the output is seen as [outer, rows, columns], and each
 * operand moves through it by three strides, of which any may be 0. Equal shapes are one long row.
 */
import { arg } from '../args';
import { loadTail, storeTail } from '../math';
import { rangeStart } from '../range';
import { compare } from './compare';
import { pow4 } from './power';

/** The argument block: 32-bit words in this order. `runtime/kernels/elementwise/binary.ts` writes it. Strides are in values. */
export const A: i32 = 0;
export const B: i32 = 1;
export const OUT: i32 = 2;
const OP: i32 = 3;
const COUNT: i32 = 4;
export const ROWS: i32 = 5;
export const COLUMNS: i32 = 6;
export const A_OUTER: i32 = 7;
export const A_ROW: i32 = 8;
export const A_COLUMN: i32 = 9;
export const B_OUTER: i32 = 10;
export const B_ROW: i32 = 11;
export const B_COLUMN: i32 = 12;

/** As `runtime/kernels/elementwise/binary.ts` numbers them. */
const ADD: i32 = 0;
const SUB: i32 = 1;
const MULTIPLY: i32 = 2;
const DIVIDE: i32 = 3;
const MAXIMUM: i32 = 4;
const MINIMUM: i32 = 5;
const SQUARED_DIFFERENCE: i32 = 6;
const POW: i32 = 7;
/** From here on comparisons, by `./compare`. */
const COMPARE: i32 = 16;

export function binary(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const first = rangeStart(count, part, parts);
  const last = rangeStart(count, part + 1, parts);
  const op = arg(args, OP);
  if (op >= COMPARE) {
    compare(op - COMPARE, args, first, last);
    return;
  }
  switch (op) {
    case ADD: walk(ADD, args, first, last); break;
    case SUB: walk(SUB, args, first, last); break;
    case MULTIPLY: walk(MULTIPLY, args, first, last); break;
    case DIVIDE: walk(DIVIDE, args, first, last); break;
    case MAXIMUM: walk(MAXIMUM, args, first, last); break;
    case MINIMUM: walk(MINIMUM, args, first, last); break;
    case SQUARED_DIFFERENCE: walk(SQUARED_DIFFERENCE, args, first, last); break;
    case POW: walk(POW, args, first, last); break;
  }
}

/** Inlined with a constant `op`, so that each operation has loops without a branch on it. */
@inline
function walk(op: i32, args: usize, first: i32, last: i32): void {
  const rows = arg(args, ROWS);
  const columns = arg(args, COLUMNS);
  const aRow = <usize>arg(args, A_ROW) << 2;
  const bRow = <usize>arg(args, B_ROW) << 2;
  const aColumn = arg(args, A_COLUMN);
  const bColumn = arg(args, B_COLUMN);
  let column = first % columns;
  let row = (first / columns) % rows;
  let outer = first / columns / rows;
  let out = <usize>arg(args, OUT) + (<usize>first << 2);
  while (first < last) {
    const length = min(columns - column, last - first);
    const a = <usize>arg(args, A) + (<usize>(outer * arg(args, A_OUTER) + column * aColumn) << 2) + <usize>row * aRow;
    const b = <usize>arg(args, B) + (<usize>(outer * arg(args, B_OUTER) + column * bColumn) << 2) + <usize>row * bRow;
    if (aColumn == 0) {
      const x = v128.load32_splat(a);
      let i: usize = 0;
      let left = length;
      for (; left >= 4; left -= 4) {
        v128.store(out + i, apply(op, x, v128.load(b + i)));
        i += 16;
      }
      if (left > 0) storeTail(out + i, apply(op, x, loadTail(b + i, left, 1)), left);
    } else if (bColumn == 0) {
      const y = v128.load32_splat(b);
      let i: usize = 0;
      let left = length;
      for (; left >= 4; left -= 4) {
        v128.store(out + i, apply(op, v128.load(a + i), y));
        i += 16;
      }
      if (left > 0) storeTail(out + i, apply(op, loadTail(a + i, left, 1), y), left);
    } else {
      let i: usize = 0;
      let left = length;
      for (; left >= 8; left -= 8) {
        v128.store(out + i, apply(op, v128.load(a + i), v128.load(b + i)));
        v128.store(out + i, apply(op, v128.load(a + i, 16), v128.load(b + i, 16)), 16);
        i += 32;
      }
      for (; left >= 4; left -= 4) {
        v128.store(out + i, apply(op, v128.load(a + i), v128.load(b + i)));
        i += 16;
      }
      if (left > 0) storeTail(out + i, apply(op, loadTail(a + i, left, 1), loadTail(b + i, left, 1)), left);
    }
    out += <usize>length << 2;
    first += length;
    column = 0;
    if (++row == rows) {
      row = 0;
      outer++;
    }
  }
}

@inline
function apply(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return v128.add<f32>(a, b);
  if (op == SUB) return v128.sub<f32>(a, b);
  if (op == MULTIPLY) return v128.mul<f32>(a, b);
  if (op == DIVIDE) return v128.div<f32>(a, b);
  if (op == MAXIMUM) return v128.max<f32>(a, b);
  if (op == MINIMUM) return v128.min<f32>(a, b);
  if (op == POW) return pow4(a, b);
  const difference = v128.sub<f32>(a, b);
  return v128.mul<f32>(difference, difference);
}
