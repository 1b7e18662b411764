/**
 * Copies a box of values of 32 bits between two layouts of up to six dimensions: slices, concatenation, transposition and
 * padding are all this one copy with other strides.
 * The argument block: 32-bit words in this order. `runtime/kernels/arrange/copyStrided.ts` writes it.
 */
import { arg } from '../args';

const FROM: i32 = 0;
const TO: i32 = 1;
/** Six lengths, outermost first, then six strides of each side, in values. */
const LENGTHS: i32 = 2;
const FROM_STRIDES: i32 = 8;
const TO_STRIDES: i32 = 14;

/** Rows are runs of the innermost dimension; a part is a run of rows. */
export function copyStrided(args: usize, scratch: usize, part: i32, parts: i32): void {
  const l1 = arg(args, LENGTHS + 1);
  const l2 = arg(args, LENGTHS + 2);
  const l3 = arg(args, LENGTHS + 3);
  const l4 = arg(args, LENGTHS + 4);
  const rows = arg(args, LENGTHS) * l1 * l2 * l3 * l4;
  const length = arg(args, LENGTHS + 5);
  const fromStep = arg(args, FROM_STRIDES + 5);
  const toStep = arg(args, TO_STRIDES + 5);
  const first = <i32>((<i64>rows * part) / parts);
  const last = <i32>((<i64>rows * (part + 1)) / parts);
  let i4 = first % l4;
  let i3 = (first / l4) % l3;
  let i2 = (first / l4 / l3) % l2;
  let i1 = (first / l4 / l3 / l2) % l1;
  let i0 = first / l4 / l3 / l2 / l1;
  // The inner two dimensions change places.
  const isTurned = fromStep != 1 && toStep == 1 && arg(args, FROM_STRIDES + 4) == 1;
  const stride = <usize>arg(args, TO_STRIDES + 4) << 2;
  let count = 1;
  for (let row = first; row < last; row += count) {
    const from = <usize>arg(args, FROM) + (<usize>offset(args, FROM_STRIDES, i0, i1, i2, i3, i4) << 2);
    const to = <usize>arg(args, TO) + (<usize>offset(args, TO_STRIDES, i0, i1, i2, i3, i4) << 2);
    if (isTurned) {
      count = min(l4 - i4, last - row);
      turn(from, to, count, length, <usize>fromStep << 2, stride);
    } else copyRow(from, to, length, fromStep, toStep);
    i4 += count;
    if (i4 == l4) {
      i4 = 0;
      if (++i3 == l3) {
        i3 = 0;
        if (++i2 == l2) {
          i2 = 0;
          if (++i1 == l1) {
            i1 = 0;
            i0++;
          }
        }
      }
    }
  }
}

@inline
function offset(args: usize, at: i32, i0: i32, i1: i32, i2: i32, i3: i32, i4: i32): i32 {
  return i0 * arg(args, at) + i1 * arg(args, at + 1) + i2 * arg(args, at + 2) + i3 * arg(args, at + 3) + i4 * arg(args, at + 4);
}

@inline
function copyRow(from: usize, to: usize, length: i32, fromStep: i32, toStep: i32): void {
  let i = 0;
  if (fromStep == 1 && toStep == 1) {
    for (; i + 4 <= length; i += 4) {
      v128.store(to, v128.load(from));
      from += 16;
      to += 16;
    }
  }
  const fromBytes = <usize>fromStep << 2;
  const toBytes = <usize>toStep << 2;
  for (; i < length; i++) {
    store<i32>(to, load<i32>(from));
    from += fromBytes;
    to += toBytes;
  }
}

/** `count` rows of `length` values: neighbours in a row lie `step` bytes apart, and neighbours in a column side by side. */
function turn(from: usize, to: usize, count: i32, length: i32, step: usize, stride: usize): void {
  const isTriple = length == 3 && stride == 12;
  for (; count >= 4; count -= 4) {
    if (isTriple) interleave(to, v128.load(from), v128.load(from + step), v128.load(from + step * 2));
    else turnFour(from, to, length, step, stride);
    from += 16;
    to += stride << 2;
  }
  for (; count > 0; count--) {
    let value = from;
    for (let i: usize = 0; i < <usize>length << 2; i += 4) {
      store<i32>(to + i, load<i32>(value));
      value += step;
    }
    from += 4;
    to += stride;
  }
}

function turnFour(from: usize, to: usize, length: i32, step: usize, stride: usize): void {
  const to1 = to + stride;
  const to2 = to1 + stride;
  const to3 = to2 + stride;
  const end = <usize>length << 2;
  let i: usize = 0;
  for (; i + 16 <= end; i += 16) {
    const a = v128.load(from), b = v128.load(from + step), c = v128.load(from + step * 2), d = v128.load(from + step * 3);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to + i, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(to1 + i, v128.shuffle<i64>(ab, cd, 1, 3));
    v128.store(to2 + i, v128.shuffle<i64>(ab2, cd2, 0, 2));
    v128.store(to3 + i, v128.shuffle<i64>(ab2, cd2, 1, 3));
    from += step << 2;
  }
  for (; i < end; i += 4) {
    store<i32>(to + i, load<i32>(from));
    store<i32>(to1 + i, load<i32>(from, 4));
    store<i32>(to2 + i, load<i32>(from, 8));
    store<i32>(to3 + i, load<i32>(from, 12));
    from += step;
  }
}

/** Four triples, as those of an image's colours: a0 b0 c0 a1 b1 … */
@inline
function interleave(to: usize, a: v128, b: v128, c: v128): void {
  v128.store(to, v128.shuffle<i32>(v128.shuffle<i32>(a, b, 0, 4, 1, 5), c, 0, 1, 4, 2));
  v128.store(to, v128.shuffle<i32>(v128.shuffle<i32>(b, c, 1, 5, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 2, 6), 0, 1, 4, 5), 16);
  v128.store(to, v128.shuffle<i32>(c, v128.shuffle<i32>(a, b, 3, 7, 3, 7), 2, 4, 5, 3), 32);
}

/** Fills values of 32 bits with one of them. A part is a run. */
export function fillValues(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, 1);
  const first = <i32>((<i64>count * part) / parts);
  const last = <i32>((<i64>count * (part + 1)) / parts);
  const value = i32x4.splat(arg(args, 2));
  let at = <usize>arg(args, 0) + (<usize>first << 2);
  let i = first;
  for (; i + 4 <= last; i += 4) {
    v128.store(at, value);
    at += 16;
  }
  for (; i < last; i++) {
    store<i32>(at, arg(args, 2));
    at += 4;
  }
}
