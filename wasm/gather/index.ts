/**
 * Slices of a tensor by their indices: out[b, o, i, ·] = x[b, o, indices[b, i], ·], for values of 32 bits of any type.
 * The argument block: 32-bit words in this order. `runtime/kernels/arrange/gatherV2.ts` writes it and has checked the
 * indices, except those of a replayed step, where a missing slice is NaN (all bits one).
 */
import { arg } from '../args';

const X: i32 = 0;
const INDICES: i32 = 1;
const OUT: i32 = 2;
const BATCHES: i32 = 3;
const OUTER: i32 = 4;
/** Slices of x, and indices, in a batch. */
const LENGTH: i32 = 5;
const COUNT: i32 = 6;
/** Values in a slice. */
const SLICE: i32 = 7;

/** From this many bytes on, the engine's own copy, which is a call, is faster. */
const LONG_BYTES: usize = 1024;

/** A part is a run of output slices. */
export function gatherSlices(args: usize, scratch: usize, part: i32, parts: i32): void {
  const outer = arg(args, OUTER);
  const length = arg(args, LENGTH);
  const count = arg(args, COUNT);
  const bytes = <usize>arg(args, SLICE) << 2;
  const total = arg(args, BATCHES) * outer * count;
  const first = <i32>((<i64>total * part) / parts);
  const last = <i32>((<i64>total * (part + 1)) / parts);
  let group = first / count;
  let i = first - group * count;
  let to = <usize>arg(args, OUT) + <usize>first * bytes;
  for (let row = first; row < last; group++) {
    const indices = <usize>arg(args, INDICES) + (<usize>((group / outer) * count) << 2);
    const x = <usize>arg(args, X) + <usize>(group * length) * bytes;
    for (; i < count && row < last; i++) {
      const index = load<i32>(indices + (<usize>i << 2));
      if (<u32>index < <u32>length) copySlice(to, x + <usize>index * bytes, bytes);
      else memory.fill(to, 0xff, bytes);
      to += bytes;
      row++;
    }
    i = 0;
  }
}

@inline
function copySlice(to: usize, from: usize, bytes: usize): void {
  if (bytes >= LONG_BYTES) {
    memory.copy(to, from, bytes);
    return;
  }
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += 4) store<i32>(to + at, load<i32>(from + at));
}
