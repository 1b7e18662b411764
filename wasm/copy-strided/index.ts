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
  for (let row = first; row < last; row++) {
    const from = <usize>arg(args, FROM) + (<usize>offset(args, FROM_STRIDES, i0, i1, i2, i3, i4) << 2);
    const to = <usize>arg(args, TO) + (<usize>offset(args, TO_STRIDES, i0, i1, i2, i3, i4) << 2);
    copyRow(from, to, length, fromStep, toStep);
    if (++i4 == l4) {
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
