// 3×3 filters, gradient of the filter: nine sums of four channels in registers, every input value loaded once a row.
import { arg } from '../args';
import { multiplyAdd } from '../math';
import { loadLanes, storeLanes } from './lanes';
import {
  CHANNELS, DILATION_H, IN_H, IN_LINE, IN_STEP, IN_W, OUT_LINE, OUT_STEP, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H, TAP_LINE, TAP_STEP,
} from './layout';

/** Adds the products of rows [first, last) of one image to the sums of channels [channel, channel + lanes). */
export function threeFilterByOne(
  args: usize, zeros: usize, x: usize, dy: usize, sums: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  if (lanes == 4) byOne(args, zeros, x, dy, sums, channel, first, last, 4);
  else byOne(args, zeros, x, dy, sums, channel, first, last, lanes);
}

/** The same with columns moved by two. */
export function threeFilterByTwo(
  args: usize, zeros: usize, x: usize, dy: usize, sums: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  if (lanes == 4) byTwo(args, zeros, x, dy, sums, channel, first, last, 4);
  else byTwo(args, zeros, x, dy, sums, channel, first, last, lanes);
}

/** Column j of the padded row meets dy of outputs j, j − 1 and j − 2, which wait in d0, d1 and d2. */
@inline
function byOne(
  args: usize, zeros: usize, x: usize, dy: usize, sums: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const outW = arg(args, OUT_W);
  const left = arg(args, PAD_LEFT);
  const dilation = arg(args, DILATION_H);
  const inStep = <usize>arg(args, IN_STEP);
  const outStep = <usize>arg(args, OUT_STEP);
  const tap = <usize>arg(args, TAP_STEP);
  const offset = <usize>channel << 2;
  const inRow = <usize>arg(args, IN_LINE);
  const none = f32x4.splat(0);
  let a = sums + offset;
  let a00 = loadLanes(a, lanes), a01 = loadLanes(a + tap, lanes), a02 = loadLanes(a + 2 * tap, lanes);
  a += <usize>arg(args, TAP_LINE);
  let a10 = loadLanes(a, lanes), a11 = loadLanes(a + tap, lanes), a12 = loadLanes(a + 2 * tap, lanes);
  a += <usize>arg(args, TAP_LINE);
  let a20 = loadLanes(a, lanes), a21 = loadLanes(a + tap, lanes), a22 = loadLanes(a + 2 * tap, lanes);
  const begin = min(max(left, 0), outW + 2);
  const end = min(max(inW + left, begin), outW + 2);
  const start = <usize>(begin - left) * inStep + offset;
  for (let row = first; row < last; row++) {
    const h0 = row * arg(args, STRIDE_H) - arg(args, PAD_TOP);
    const h1 = h0 + dilation;
    const h2 = h1 + dilation;
    const p = x + <usize>h0 * inRow + start;
    const below = <usize>dilation * inRow;
    let p0 = <u32>h0 < <u32>inH ? p : zeros;
    let p1 = <u32>h1 < <u32>inH ? p + below : zeros;
    let p2 = <u32>h2 < <u32>inH ? p + 2 * below : zeros;
    let g = dy + <usize>row * <usize>arg(args, OUT_LINE) + <usize>begin * outStep + offset;
    let d1 = begin >= 1 && begin - 1 < outW ? loadLanes(g - outStep, lanes) : none;
    let d2 = begin >= 2 ? loadLanes(g - 2 * outStep, lanes) : none;
    let j = begin;
    let step = outStep;
    let stop = min(end, outW);
    while (true) {
      for (; j < stop; j++) {
        const d0 = loadLanes(g, lanes);
        const x0 = loadLanes(p0, lanes);
        a00 = multiplyAdd(x0, d0, a00);
        a01 = multiplyAdd(x0, d1, a01);
        a02 = multiplyAdd(x0, d2, a02);
        const x1 = loadLanes(p1, lanes);
        a10 = multiplyAdd(x1, d0, a10);
        a11 = multiplyAdd(x1, d1, a11);
        a12 = multiplyAdd(x1, d2, a12);
        const x2 = loadLanes(p2, lanes);
        a20 = multiplyAdd(x2, d0, a20);
        a21 = multiplyAdd(x2, d1, a21);
        a22 = multiplyAdd(x2, d2, a22);
        d2 = d1;
        d1 = d0;
        p0 += inStep;
        p1 += inStep;
        p2 += inStep;
        g += step;
      }
      if (stop == end) break;
      // The last two columns meet no new output.
      g = zeros;
      step = 0;
      stop = end;
    }
  }
  a = sums + offset;
  storeLanes(a, a00, lanes);
  storeLanes(a + tap, a01, lanes);
  storeLanes(a + 2 * tap, a02, lanes);
  a += <usize>arg(args, TAP_LINE);
  storeLanes(a, a10, lanes);
  storeLanes(a + tap, a11, lanes);
  storeLanes(a + 2 * tap, a12, lanes);
  a += <usize>arg(args, TAP_LINE);
  storeLanes(a, a20, lanes);
  storeLanes(a + tap, a21, lanes);
  storeLanes(a + 2 * tap, a22, lanes);
}

/** Column 2·j of the padded row meets dy of outputs j and j − 1, column 2·j + 1 that of j. */
@inline
function byTwo(
  args: usize, zeros: usize, x: usize, dy: usize, sums: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const outW = arg(args, OUT_W);
  const left = arg(args, PAD_LEFT);
  const dilation = arg(args, DILATION_H);
  const pixel = <usize>arg(args, CHANNELS) << 2;
  const offset = <usize>channel << 2;
  const inRow = <usize>inW * pixel;
  const none = f32x4.splat(0);
  let a = sums + offset;
  let a00 = loadLanes(a, lanes), a01 = loadLanes(a + pixel, lanes), a02 = loadLanes(a + 2 * pixel, lanes);
  a += 3 * pixel;
  let a10 = loadLanes(a, lanes), a11 = loadLanes(a + pixel, lanes), a12 = loadLanes(a + 2 * pixel, lanes);
  a += 3 * pixel;
  let a20 = loadLanes(a, lanes), a21 = loadLanes(a + pixel, lanes), a22 = loadLanes(a + 2 * pixel, lanes);
  for (let row = first; row < last; row++) {
    const h0 = row * arg(args, STRIDE_H) - arg(args, PAD_TOP);
    const h1 = h0 + dilation;
    const h2 = h1 + dilation;
    const p = x + <usize>h0 * inRow + offset - <usize>left * pixel;
    const below = <usize>dilation * inRow;
    let p0 = <u32>h0 < <u32>inH ? p : zeros - <usize>left * pixel;
    let p1 = <u32>h1 < <u32>inH ? p + below : zeros - <usize>left * pixel;
    let p2 = <u32>h2 < <u32>inH ? p + 2 * below : zeros - <usize>left * pixel;
    let g = dy + <usize>(row * outW) * pixel + offset;
    let d1 = none;
    let column = -left;
    for (let j = 0; j <= outW; j++) {
      const d0 = j < outW ? loadLanes(g, lanes) : none;
      if (<u32>column < <u32>inW) {
        const x0 = loadLanes(p0, lanes);
        a00 = multiplyAdd(x0, d0, a00);
        a02 = multiplyAdd(x0, d1, a02);
        const x1 = loadLanes(p1, lanes);
        a10 = multiplyAdd(x1, d0, a10);
        a12 = multiplyAdd(x1, d1, a12);
        const x2 = loadLanes(p2, lanes);
        a20 = multiplyAdd(x2, d0, a20);
        a22 = multiplyAdd(x2, d1, a22);
      }
      if (<u32>(column + 1) < <u32>inW) {
        a01 = multiplyAdd(loadLanes(p0 + pixel, lanes), d0, a01);
        a11 = multiplyAdd(loadLanes(p1 + pixel, lanes), d0, a11);
        a21 = multiplyAdd(loadLanes(p2 + pixel, lanes), d0, a21);
      }
      d1 = d0;
      p0 += 2 * pixel;
      p1 += 2 * pixel;
      p2 += 2 * pixel;
      g += pixel;
      column += 2;
    }
  }
  a = sums + offset;
  storeLanes(a, a00, lanes);
  storeLanes(a + pixel, a01, lanes);
  storeLanes(a + 2 * pixel, a02, lanes);
  a += 3 * pixel;
  storeLanes(a, a10, lanes);
  storeLanes(a + pixel, a11, lanes);
  storeLanes(a + 2 * pixel, a12, lanes);
  a += 3 * pixel;
  storeLanes(a, a20, lanes);
  storeLanes(a + pixel, a21, lanes);
  storeLanes(a + 2 * pixel, a22, lanes);
}
