// Filters at the points, and gradients of filters back from them.
import { arg } from '../args';
import { rowStart } from '../range';
import { GAP, LINES, NR, panelStep, POINTS, SQUARE } from './layout';
import { filterGradientLine, filterLine } from './lines';

/** The argument block of the filter's transform: 32-bit words in this order. `runtime/kernels/conv/winograd.ts` writes all of them. */
const FILTER: i32 = 0;
const AT_POINTS: i32 = 1;
const DEPTH: i32 = 2;
const COLUMNS: i32 = 3;
/** Whether the filter is turned by half a circle, and its channels change places: that of the input's gradient. */
const IS_TURNED: i32 = 4;

/** The argument block of the way back. */
const PARTIALS: i32 = 0;
const GRADIENT: i32 = 1;
const ROWS: i32 = 2;
// COLUMNS is the same.
const CHUNKS: i32 = 4;

/** A filter at the points: panels of eight columns, [column / 8][point][depth][column % 8]; columns that are missing are zero. */
export function transformFilter(args: usize, scratch: usize, part: i32, parts: i32): void {
  const depth = arg(args, DEPTH);
  const columns = arg(args, COLUMNS);
  const isTurned = arg(args, IS_TURNED) != 0;
  const filter = <usize>arg(args, FILTER);
  const step = panelStep(depth);
  const first = rowStart(depth, part, parts);
  const last = rowStart(depth, part + 1, parts);
  let panel = <usize>arg(args, AT_POINTS);
  for (let column = 0; column < columns; column += NR) {
    for (let d = first; d < last; d++) {
      const to = panel + (<usize>(d * NR) << 2);
      transformColumns(filter, depth, columns, isTurned, d, column, scratch + LINES, to, step);
      if (column + 4 < columns) transformColumns(filter, depth, columns, isTurned, d, column + 4, scratch + LINES, to + 16, step);
      else for (let point = 0; point < SQUARE; point++) v128.store(to + <usize>point * step, f32x4.splat(0), 16);
    }
    panel += <usize>SQUARE * step;
  }
}

/** Four columns at one depth. */
@inline
function transformColumns(
  filter: usize, depth: i32, columns: i32, isTurned: bool, d: i32, column: i32, lines: usize, to: usize, step: usize,
): void {
  const tap = <usize>(depth * columns) << 2;
  for (let k = 0; k < 3; k++) {
    let g0: v128, g1: v128, g2: v128;
    if (isTurned) {
      // Our columns are rows of this filter.
      const from = filter + (<usize>(column * depth + d) << 2) + <usize>(2 - k) * tap;
      const row = <usize>depth << 2;
      g0 = gather(from + 6 * tap, row);
      g1 = gather(from + 3 * tap, row);
      g2 = gather(from, row);
    } else {
      const from = filter + (<usize>(d * columns + column) << 2) + <usize>k * tap;
      g0 = v128.load(from);
      g1 = v128.load(from + 3 * tap);
      g2 = v128.load(from + 6 * tap);
    }
    filterLine(g0, g1, g2, lines + (<usize>k << 4), 48);
  }
  for (let i = 0; i < POINTS; i++) {
    const line = lines + <usize>i * 48;
    filterLine(v128.load(line), v128.load(line, 16), v128.load(line, 32), to, step);
    to += <usize>POINTS * step;
  }
}

@inline
function gather(at: usize, step: usize): v128 {
  let x = v128.load32_zero(at);
  x = v128.load_lane<f32>(at + step, x, 1);
  x = v128.load_lane<f32>(at + 2 * step, x, 2);
  return v128.load_lane<f32>(at + 3 * step, x, 3);
}

/** Bytes from one point of a filter's gradient to the next. */
@inline
export function pointStep(rows: i32, columns: i32): usize {
  return (<usize>(rows * columns) << 2) + GAP;
}

/** Adds the chunks' gradients at the points in their order, and takes the sum back to the nine taps. A part is a run of input channels. */
export function finishFilter(args: usize, scratch: usize, part: i32, parts: i32): void {
  const rows = arg(args, ROWS);
  const columns = arg(args, COLUMNS);
  const chunks = arg(args, CHUNKS);
  const step = pointStep(rows, columns);
  const chunk = <usize>SQUARE * step;
  const tap = <usize>(rows * columns) << 2;
  const sums = scratch + LINES;
  const lines = sums + (<usize>SQUARE << 4);
  const start = <usize>(rowStart(rows, part, parts) * columns) << 2;
  const end = <usize>(rowStart(rows, part + 1, parts) * columns) << 2;
  for (let at = start; at < end; at += 16) {
    let from = <usize>arg(args, PARTIALS) + at;
    for (let point = 0; point < SQUARE; point++) {
      let sum = v128.load(from);
      for (let i = 1; i < chunks; i++) sum = v128.add<f32>(sum, v128.load(from + <usize>i * chunk));
      v128.store(sums + (<usize>point << 4), sum);
      from += step;
    }
    for (let j = 0; j < POINTS; j++) filterGradientLine(sums + (<usize>j << 4), <usize>POINTS << 4, lines + (<usize>j << 4), <usize>POINTS << 4);
    let to = <usize>arg(args, GRADIENT) + at;
    for (let i = 0; i < 3; i++) {
      filterGradientLine(lines + <usize>i * (<usize>POINTS << 4), 16, to, tap);
      to += 3 * tap;
    }
  }
}
