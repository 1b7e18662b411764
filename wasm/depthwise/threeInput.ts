// 3×3 filters moved by two columns, input gradient: two columns at a time from each column of the output's gradient.
import { arg } from '../args';
import { multiplyAdd } from '../math';
import { loadLanes, storeLanes } from './lanes';
import {
  CHANNELS, DILATION_H, FILTER, IN_H, IN_W, OUT_H, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H, X, Y,
} from './layout';

/** Rows [first, last) of the input's gradient, counted through all images. */
export function threeInputByTwo(args: usize, zero: usize, first: i32, last: i32): void {
  const channels = arg(args, CHANNELS);
  const inH = arg(args, IN_H);
  const outH = arg(args, OUT_H);
  const stride = arg(args, STRIDE_H);
  const pixel = <usize>channels << 2;
  const inRow = <usize>arg(args, IN_W) * pixel;
  const outRow = <usize>arg(args, OUT_W) * pixel;
  const filterRow = 3 * pixel;
  for (let row = first; row < last; row++) {
    const image = row / inH;
    const dx = <usize>arg(args, Y) + <usize>row * inRow;
    const dy = <usize>arg(args, X) + <usize>(image * outH) * outRow;
    let isFirst = true;
    let h = 0;
    // The taps that reach this row, two at a time: most rows of stride 2 have one or two, of stride 1 three.
    while (h < 3 || isFirst) {
      let p0: usize = 0, p1: usize = 0, f0: usize = 0, f1: usize = 0;
      for (; h < 3 && p1 == 0; h++) {
        const reached = row - image * inH + arg(args, PAD_TOP) - h * arg(args, DILATION_H);
        if (reached < 0 || reached % stride != 0 || reached / stride >= outH) continue;
        const p = dy + <usize>(reached / stride) * outRow;
        const f = <usize>arg(args, FILTER) + <usize>h * filterRow;
        if (p0 == 0) {
          p0 = p;
          f0 = f;
        } else {
          p1 = p;
          f1 = f;
        }
      }
      if (p0 == 0 && !isFirst) break;
      if (p0 == 0) memory.fill(dx, 0, inRow);
      else {
        for (let channel = 0; channel < channels; channel += 4) {
          const offset = <usize>channel << 2;
          const lanes = min(4, channels - channel);
          if (lanes < 4) columns(args, zero, dx, p0, p1, f0, f1, offset, isFirst, true, lanes);
          else if (p1 == 0) oneRow(args, zero, dx, p0, f0, offset, isFirst);
          else twoRows(args, zero, dx, p0, p1, f0, f1, offset, isFirst);
        }
      }
      isFirst = false;
    }
  }
}

function oneRow(args: usize, zero: usize, dx: usize, p0: usize, f0: usize, offset: usize, isFirst: bool): void {
  columns(args, zero, dx, p0, 0, f0, 0, offset, isFirst, false, 4);
}

function twoRows(
  args: usize, zero: usize, dx: usize, p0: usize, p1: usize, f0: usize, f1: usize, offset: usize, isFirst: bool,
): void {
  columns(args, zero, dx, p0, p1, f0, f1, offset, isFirst, true, 4);
}

/** Column j of dy reaches columns 2·j, 2·j + 1 and 2·j + 2 of the padded input; the last it shares with column j + 1. */
@inline
function columns(
  args: usize, zero: usize, dx: usize, p0: usize, p1: usize, f0: usize, f1: usize, offset: usize, isFirst: bool,
  hasTwo: bool, lanes: i32,
): void {
  const inW = arg(args, IN_W);
  const outW = arg(args, OUT_W);
  const left = arg(args, PAD_LEFT);
  const pixel = <usize>arg(args, CHANNELS) << 2;
  const none = f32x4.splat(0);
  f0 += offset;
  p0 += offset;
  const f00 = loadLanes(f0, lanes), f01 = loadLanes(f0 + pixel, lanes), f02 = loadLanes(f0 + 2 * pixel, lanes);
  let f10 = none, f11 = none, f12 = none;
  const s1: usize = p1 == 0 ? 0 : pixel;
  if (p1 == 0) {
    p1 = zero;
  } else {
    p1 += offset;
    f1 += offset;
    f10 = loadLanes(f1, lanes);
    f11 = loadLanes(f1 + pixel, lanes);
    f12 = loadLanes(f1 + 2 * pixel, lanes);
  }
  let a = none, b = none;
  let column = -left;
  let out = dx + offset - <usize>left * pixel;
  // The padded input may be wider than what the windows reach: the rest of the row gets zeros.
  let j = 0;
  while (column < inW) {
    if (isFirst && column >= 0) {
      // Here both columns lie in the image and dy has a column, so nothing is asked.
      const pairs = max(0, min(outW - j, (inW - column) >> 1));
      for (let count = pairs; count > 0; count--) {
        let even = v128.mul<f32>(a, f02);
        a = loadLanes(p0, lanes);
        let odd = v128.mul<f32>(a, f01);
        if (hasTwo) {
          even = multiplyAdd(b, f12, even);
          b = loadLanes(p1, lanes);
          even = multiplyAdd(b, f10, even);
          odd = multiplyAdd(b, f11, odd);
          p1 += s1;
        }
        storeLanes(out, multiplyAdd(a, f00, even), lanes);
        storeLanes(out + pixel, odd, lanes);
        p0 += pixel;
        out += 2 * pixel;
      }
      j += pairs;
      column += 2 * pairs;
      if (column >= inW) break;
    }
    let even = v128.mul<f32>(a, f02);
    if (hasTwo) even = multiplyAdd(b, f12, even);
    const hasColumn = j < outW;
    a = hasColumn ? loadLanes(p0, lanes) : none;
    even = multiplyAdd(a, f00, even);
    let odd = v128.mul<f32>(a, f01);
    if (hasTwo) {
      b = hasColumn ? loadLanes(p1, lanes) : none;
      even = multiplyAdd(b, f10, even);
      odd = multiplyAdd(b, f11, odd);
      p1 += s1;
    }
    p0 += pixel;
    if (column >= 0) put(out, even, isFirst, lanes);
    if (<u32>(column + 1) < <u32>inW) put(out + pixel, odd, isFirst, lanes);
    out += 2 * pixel;
    column += 2;
    j++;
  }
}

@inline
function put(at: usize, value: v128, isFirst: bool, lanes: i32): void {
  storeLanes(at, isFirst ? value : v128.add<f32>(value, loadLanes(at, lanes)), lanes);
}
