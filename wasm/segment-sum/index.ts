/**
 * Sums of rows by their segment: out[s, ·] = Σ_{i: segments[i] = s} x[i, ·]. Rows whose segment does not exist are
 * ignored. The rows are added in order whatever the parts are, so neither races nor thread counts change a result. The
 * argument block: 32-bit words in this order. `runtime/kernels/reduce/unsortedSegmentSum.ts` writes it.
 */
import { arg } from '../args';

const X: i32 = 0;
const SEGMENTS: i32 = 1;
const OUT: i32 = 2;
const ROWS: i32 = 3;
const SLICE: i32 = 4;
const SEGMENT_COUNT: i32 = 5;

/** Fewer columns than this per part are not worth a walk over all rows. */
const LEAST_COLUMNS: i32 = 16;

/**
 * A part is a run of columns, which all have the same work, or, if clearing the output dominates or columns are few, a
 * run of segments.
 */
export function segmentSum(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const slice = arg(args, SLICE);
  const segmentCount = arg(args, SEGMENT_COUNT);
  const isByColumn = slice >= parts * LEAST_COLUMNS && segmentCount <= 4 * rows;
  // Parts begin at every fourth column, so that vectors stay whole.
  const quads = (slice + 3) >> 2;
  const begin = isByColumn ? ((quads * part) / parts) << 2 : 0;
  const end = isByColumn ? min(slice, ((quads * (part + 1)) / parts) << 2) : slice;
  const first = isByColumn ? 0 : <i32>((<i64>segmentCount * part) / parts);
  const last = isByColumn ? segmentCount : <i32>((<i64>segmentCount * (part + 1)) / parts);
  const rowBytes = <usize>slice << 2;
  const bytes = <usize>(end - begin) << 2;
  const out = <usize>arg(args, OUT) + (<usize>begin << 2);
  const x = <usize>arg(args, X) + (<usize>begin << 2);
  const segments = <usize>arg(args, SEGMENTS);
  if (begin == 0 && end == slice) memory.fill(out + <usize>first * rowBytes, 0, <usize>(last - first) * rowBytes);
  else for (let s = first; s < last; s++) memory.fill(out + <usize>s * rowBytes, 0, bytes);
  for (let i = 0; i < rows; i++) {
    const segment = load<i32>(segments + (<usize>i << 2));
    if (segment < first || segment >= last) continue;
    const from = x + <usize>i * rowBytes;
    const to = out + <usize>segment * rowBytes;
    let at: usize = 0;
    for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.add<f32>(v128.load(to + at), v128.load(from + at)));
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
  }
}
