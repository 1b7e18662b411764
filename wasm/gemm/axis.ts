// Axes: how an index becomes an offset. See index.ts.

import { arg } from '../args';

/** The offset of index i, in values. */
export function axis(args: usize, at: i32, i: i32): i32 {
  const d1 = arg(args, at);
  const d2 = arg(args, at + 1);
  const low = i / d2;
  return (low / d1) * arg(args, at + 2) + (low % d1) * arg(args, at + 3) + (i % d2) * arg(args, at + 4);
}

/** Writes byte offsets of indices [first, last) of an axis, counting digits up instead of dividing. */
export function fillAxis(args: usize, at: i32, first: i32, last: i32, out: usize): void {
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
