// 3×3 filters, forward: the nine taps of four channels stay in registers, and every input value is loaded once a row.
import { arg } from '../args';
import { activate } from '../activation';
import { multiplyAdd } from '../math';
import { loadLanes, storeLanes } from './lanes';
import {
  ACTIVATION, BIAS, CHANNELS, CURVE, DILATION_H, FILTER, IN_H, IN_LINE, IN_STEP, IN_W, IS_TURNED, OUT_LINE, OUT_STEP, OUT_W, PAD_LEFT,
  PAD_TOP, STRIDE_H, TAP_LINE, TAP_STEP,
} from './layout';

/** Rows [first, last) of one image, columns moved by one. */
export function threeByOne(args: usize, zeros: usize, x: usize, y: usize, first: i32, last: i32): void {
  const channels = arg(args, CHANNELS);
  // The last vector overlaps the one before it: the same numbers are written twice.
  for (let channel = 0; channel < channels && channels >= 4; channel += 4) {
    byOneWhole(args, zeros, x, y, min(channel, channels - 4), first, last);
  }
  if (channels < 4) byOne(args, zeros, x, y, 0, first, last, channels);
}

function byOneWhole(args: usize, zeros: usize, x: usize, y: usize, channel: i32, first: i32, last: i32): void {
  byOne(args, zeros, x, y, channel, first, last, 4);
}

/** The same with columns moved by two. */
export function threeByTwo(args: usize, zeros: usize, x: usize, y: usize, first: i32, last: i32): void {
  const channels = arg(args, CHANNELS);
  for (let channel = 0; channel < channels && channels >= 4; channel += 4) {
    byTwoWhole(args, zeros, x, y, min(channel, channels - 4), first, last);
  }
  if (channels < 4) byTwo(args, zeros, x, y, 0, first, last, channels);
}

function byTwoWhole(args: usize, zeros: usize, x: usize, y: usize, channel: i32, first: i32, last: i32): void {
  byTwo(args, zeros, x, y, channel, first, last, 4);
}

/** Column j of the padded row meets the right taps of output j − 2, the middle ones of j − 1 and the left ones of j. */
@inline
function byOne(
  args: usize, zeros: usize, x: usize, y: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  const inH = arg(args, IN_H);
  const outW = arg(args, OUT_W);
  const left = arg(args, PAD_LEFT);
  const stride = arg(args, STRIDE_H);
  const dilation = arg(args, DILATION_H);
  const activation = arg(args, ACTIVATION);
  const curve = args + CURVE;
  const biasAt = <usize>arg(args, BIAS);
  const inStep = <usize>arg(args, IN_STEP);
  const outStep = <usize>arg(args, OUT_STEP);
  const inRow = <usize>arg(args, IN_LINE);
  const outRow = <usize>arg(args, OUT_LINE);
  const below = <usize>dilation * inRow;
  const isTurned = arg(args, IS_TURNED) != 0;
  const next = isTurned ? 0 - <usize>arg(args, TAP_STEP) : <usize>arg(args, TAP_STEP);
  const nextRow = isTurned ? 0 - <usize>arg(args, TAP_LINE) : <usize>arg(args, TAP_LINE);
  const filter = <usize>arg(args, FILTER) + (isTurned ? <usize>arg(args, CHANNELS) << 5 : 0);
  const begin = min(max(left, 0), outW + 2);
  const end = min(max(arg(args, IN_W) + left, begin), outW + 2);
  const top = first * stride - arg(args, PAD_TOP);
  x += <usize>top * inRow + <usize>(begin - left) * inStep;
  y += <usize>first * outRow;
  const rows = last - first;
  const offset = <usize>channel << 2;
  const bias = biasAt ? loadLanes(biasAt + offset, lanes) : f32x4.splat(0);
  let f = filter + offset;
  const f00 = loadLanes(f, lanes), f01 = loadLanes(f + next, lanes), f02 = loadLanes(f + 2 * next, lanes);
  f += nextRow;
  const f10 = loadLanes(f, lanes), f11 = loadLanes(f + next, lanes), f12 = loadLanes(f + 2 * next, lanes);
  f += nextRow;
  const f20 = loadLanes(f, lanes), f21 = loadLanes(f + next, lanes), f22 = loadLanes(f + 2 * next, lanes);
  let h = top;
  let p = x + offset;
  let rowOut = y + offset;
  for (let row = rows; row > 0; row--) {
    let p0 = <u32>h < <u32>inH ? p : zeros;
    let p1 = <u32>(h + dilation) < <u32>inH ? p + below : zeros;
    let p2 = <u32>(h + 2 * dilation) < <u32>inH ? p + 2 * below : zeros;
    let out = rowOut;
    h += stride;
    p += <usize>stride * inRow;
    rowOut += outRow;
    let a = bias, b = bias;
    let j = 2;
    for (; j < begin; j++) {
      storeLanes(out, activate(a, activation, curve), lanes);
      out += outStep;
    }
    j = begin;
    // The first two columns finish no output: what they would store goes nowhere.
    let target = zeros - 16;
    let step: usize = 0;
    let stop = min(end, 2);
    while (true) {
      for (; j < stop; j++) {
        // One value at a time: with the taps and three sums it just fits into the registers of x86.
        const x0 = loadLanes(p0, lanes);
        a = multiplyAdd(x0, f02, a);
        b = multiplyAdd(x0, f01, b);
        let c = multiplyAdd(x0, f00, bias);
        const x1 = loadLanes(p1, lanes);
        a = multiplyAdd(x1, f12, a);
        b = multiplyAdd(x1, f11, b);
        c = multiplyAdd(x1, f10, c);
        const x2 = loadLanes(p2, lanes);
        a = multiplyAdd(x2, f22, a);
        b = multiplyAdd(x2, f21, b);
        c = multiplyAdd(x2, f20, c);
        storeLanes(target, activate(a, activation, curve), lanes);
        a = b;
        b = c;
        p0 += inStep;
        p1 += inStep;
        p2 += inStep;
        target += step;
      }
      if (stop == end) break;
      target = out;
      step = outStep;
      stop = end;
    }
    if (step) out = target;
    for (; j < outW + 2; j++) {
      if (j >= 2) {
        storeLanes(out, activate(a, activation, curve), lanes);
        out += outStep;
      }
      a = b;
      b = bias;
    }
  }
}

/** Column 2·j of the padded row meets the right taps of output j − 1 and the left ones of j, column 2·j + 1 the middle ones. */
@inline
function byTwo(
  args: usize, zeros: usize, x: usize, y: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const outW = arg(args, OUT_W);
  const left = arg(args, PAD_LEFT);
  const stride = arg(args, STRIDE_H);
  const dilation = arg(args, DILATION_H);
  const activation = arg(args, ACTIVATION);
  const curve = args + CURVE;
  const biasAt = <usize>arg(args, BIAS);
  const pixel = <usize>arg(args, CHANNELS) << 2;
  const inRow = <usize>inW * pixel;
  const outRow = <usize>outW * pixel;
  const below = <usize>dilation * inRow;
  const before = <usize>left * pixel;
  const top = first * stride - arg(args, PAD_TOP);
  x += <usize>top * inRow;
  y += <usize>first * outRow - pixel;
  const rows = last - first;
  const offset = <usize>channel << 2;
  const bias = biasAt ? loadLanes(biasAt + offset, lanes) : f32x4.splat(0);
  let f = <usize>arg(args, FILTER) + offset;
  const f00 = loadLanes(f, lanes), f01 = loadLanes(f + pixel, lanes), f02 = loadLanes(f + 2 * pixel, lanes);
  f += 3 * pixel;
  const f10 = loadLanes(f, lanes), f11 = loadLanes(f + pixel, lanes), f12 = loadLanes(f + 2 * pixel, lanes);
  f += 3 * pixel;
  const f20 = loadLanes(f, lanes), f21 = loadLanes(f + pixel, lanes), f22 = loadLanes(f + 2 * pixel, lanes);
  let h = top;
  let p = x + offset;
  let rowOut = y + offset;
  for (let row = rows; row > 0; row--) {
    let p0 = (<u32>h < <u32>inH ? p : zeros) - before;
    let p1 = (<u32>(h + dilation) < <u32>inH ? p + below : zeros) - before;
    let p2 = (<u32>(h + 2 * dilation) < <u32>inH ? p + 2 * below : zeros) - before;
    let out = rowOut;
    h += stride;
    p += <usize>stride * inRow;
    rowOut += outRow;
    let a = bias;
    let column = -left;
    for (let j = 0; j <= outW; j++) {
      let b = bias;
      if (<u32>column < <u32>inW) {
        const x0 = loadLanes(p0, lanes);
        a = multiplyAdd(x0, f02, a);
        b = multiplyAdd(x0, f00, b);
        const x1 = loadLanes(p1, lanes);
        a = multiplyAdd(x1, f12, a);
        b = multiplyAdd(x1, f10, b);
        const x2 = loadLanes(p2, lanes);
        a = multiplyAdd(x2, f22, a);
        b = multiplyAdd(x2, f20, b);
      }
      if (j > 0) storeLanes(out, activate(a, activation, curve), lanes);
      if (<u32>(column + 1) < <u32>inW) {
        b = multiplyAdd(loadLanes(p0 + pixel, lanes), f01, b);
        b = multiplyAdd(loadLanes(p1 + pixel, lanes), f11, b);
        b = multiplyAdd(loadLanes(p2 + pixel, lanes), f21, b);
      }
      a = b;
      p0 += 2 * pixel;
      p1 += 2 * pixel;
      p2 += 2 * pixel;
      out += pixel;
      column += 2;
    }
  }
}
