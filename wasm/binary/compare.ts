/**
 * Comparisons of two numbers, value by value, broadcast like the functions of two tensors. The answers are bytes, 0 or
 * 1. Only "not equal" is true of NaN.
 */
import { arg } from '../args';
import { loadTail } from '../math';
import { A, A_COLUMN, A_OUTER, A_ROW, B, B_COLUMN, B_OUTER, B_ROW, COLUMNS, OUT, ROWS } from './index';

/** As `runtime/kernels/elementwise/comparison.ts` numbers them; integers have six more in the same order. */
const EQUAL: i32 = 0;
const NOT_EQUAL: i32 = 1;
const GREATER: i32 = 2;
const GREATER_EQUAL: i32 = 3;
const LESS: i32 = 4;
const INTEGERS: i32 = 6;

/** Values `first` up to `last` of the output. */
export function compare(op: i32, args: usize, first: i32, last: i32): void {
  const rows = arg(args, ROWS);
  const columns = arg(args, COLUMNS);
  const aColumn = arg(args, A_COLUMN);
  const bColumn = arg(args, B_COLUMN);
  let column = first % columns;
  let row = (first / columns) % rows;
  let outer = first / columns / rows;
  let out = <usize>arg(args, OUT) + first;
  while (first < last) {
    const length = min(columns - column, last - first);
    let a = <usize>arg(args, A) + (<usize>(outer * arg(args, A_OUTER) + row * arg(args, A_ROW) + column * aColumn) << 2);
    let b = <usize>arg(args, B) + (<usize>(outer * arg(args, B_OUTER) + row * arg(args, B_ROW) + column * bColumn) << 2);
    let left = length;
    for (; left >= 4; left -= 4) {
      const x = aColumn ? v128.load(a) : v128.load32_splat(a);
      const y = bColumn ? v128.load(b) : v128.load32_splat(b);
      v128.store32_lane(out, answers(op, x, y), 0);
      a += <usize>aColumn << 4;
      b += <usize>bColumn << 4;
      out += 4;
    }
    if (left > 0) {
      const x = aColumn ? loadTail(a, left, 0) : v128.load32_splat(a);
      const y = bColumn ? loadTail(b, left, 0) : v128.load32_splat(b);
      const bytes = answers(op, x, y);
      v128.store8_lane(out, bytes, 0);
      if (left > 1) v128.store8_lane(out, bytes, 1, 1);
      if (left > 2) v128.store8_lane(out, bytes, 2, 2);
      out += left;
    }
    first += length;
    column = 0;
    if (++row == rows) {
      row = 0;
      outer++;
    }
  }
}

/** Four answers in the first four bytes. */
@inline
function answers(op: i32, x: v128, y: v128): v128 {
  const mask = op < INTEGERS ? ofFloats(op, x, y) : ofIntegers(op - INTEGERS, x, y);
  const halves = v128.narrow<i32>(mask, mask);
  return v128.and(v128.narrow<i16>(halves, halves), i8x16.splat(1));
}

function ofFloats(op: i32, x: v128, y: v128): v128 {
  switch (op) {
    case EQUAL: return v128.eq<f32>(x, y);
    case NOT_EQUAL: return v128.ne<f32>(x, y);
    case GREATER: return v128.gt<f32>(x, y);
    case GREATER_EQUAL: return v128.ge<f32>(x, y);
    case LESS: return v128.lt<f32>(x, y);
    default: return v128.le<f32>(x, y);
  }
}

function ofIntegers(op: i32, x: v128, y: v128): v128 {
  switch (op) {
    case EQUAL: return v128.eq<i32>(x, y);
    case NOT_EQUAL: return v128.ne<i32>(x, y);
    case GREATER: return v128.gt<i32>(x, y);
    case GREATER_EQUAL: return v128.ge<i32>(x, y);
    case LESS: return v128.lt<i32>(x, y);
    default: return v128.le<i32>(x, y);
  }
}
