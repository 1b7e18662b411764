// Filters of five columns, forward: the lines that some output lines need are copied to scratch first, sixteen
// channels at a time, each four of them as an image of their own with its border of zeros. Then no tap asks where it is.
import { arg } from '../args';
import {
  ACTIVATION, BIAS, CHANNELS, CURVE, DILATION_H, DILATION_W, FILTER, FILTER_H, FILTER_W, IN_H, IN_LINE, IN_STEP, IN_W, IS_TURNED,
  OUT_LINE, OUT_STEP, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H, STRIDE_W, TAP_LINE, TAP_STEP,
} from './layout';
import { STRIP, fiveByOneStrip, fiveByTwoStrip } from './strips';

/** Channels of a cache line, in vectors. */
const PLANES: i32 = 4;
/** Where the copies begin in scratch, after the taps of sixteen channels. */
const COPIES: usize = 8192;
const MOST_TAP_LINES: i32 = 8192 / (PLANES * 16 * 5);
/** The copies stay in the second-level cache, most of them in the first. */
const COPY_BYTES: i32 = 65536;
const MOST_COPY_BYTES: i32 = 458752;

/** Columns of a copied line. */
@inline
function copiedWidth(args: usize): i32 {
  return (max(arg(args, OUT_W), STRIP) - 1) * arg(args, STRIDE_W) + arg(args, FILTER_W);
}

/** How many output lines are computed from one copy; 0 for windows that are not supported here. */
export function packedLines(args: usize): i32 {
  const filterW = arg(args, FILTER_W);
  const strideW = arg(args, STRIDE_W);
  const filterH = arg(args, FILTER_H);
  const isKnown = filterW == 5 && (strideW == 1 || strideW == 2) && filterH <= MOST_TAP_LINES;
  if (!isKnown || arg(args, DILATION_H) != 1 || arg(args, DILATION_W) != 1 || arg(args, CHANNELS) < 4) return 0;
  const line = copiedWidth(args) * PLANES * 16;
  if (line * filterH > MOST_COPY_BYTES) return 0;
  const stride = arg(args, STRIDE_H);
  return max(max(1, min(4, (MOST_COPY_BYTES / line - filterH) / stride)), (COPY_BYTES / line - filterH) / stride + 1);
}

/** Rows [first, last) of one image. */
export function packedBand(args: usize, scratch: usize, x: usize, y: usize, first: i32, last: i32): void {
  const channels = arg(args, CHANNELS);
  const stride = arg(args, STRIDE_H);
  const filterW = arg(args, FILTER_W);
  const width = copiedWidth(args);
  const line = <usize>width << 4;
  // Lines beyond the image are neither copied nor multiplied: on maps of two or three lines they are most of what taps reach.
  const inH = arg(args, IN_H);
  const filterH = arg(args, FILTER_H);
  const padTop = arg(args, PAD_TOP);
  const top = min(inH, max(0, first * stride - padTop));
  const bottom = max(top, min(inH, (last - 1) * stride - padTop + filterH));
  const plane = line * <usize>(bottom - top);
  const taps = filterH * filterW;
  const biasAt = <usize>arg(args, BIAS);
  const isByOne = arg(args, STRIDE_W) == 1;
  for (let block = 0; block < channels; block += 4 * PLANES) {
    const planes = min(PLANES, (channels - block + 3) >> 2);
    copyLines(args, scratch + COPIES, x, block, planes, top, bottom - top, width);
    copyTaps(args, scratch, block, planes);
    for (let v = 0; v < planes; v++) {
      // The last vector overlaps the one before it: the same numbers are written twice.
      const offset = <usize>min(block + 4 * v, channels - 4) << 2;
      const bias = biasAt ? v128.load(biasAt + offset) : f32x4.splat(0);
      const weights = scratch + (<usize>(v * taps) << 4);
      const copy = scratch + COPIES + <usize>v * plane;
      let out = y + <usize>first * <usize>arg(args, OUT_LINE) + offset;
      for (let row = first; row < last; row++) {
        const from = row * stride - padTop;
        const tap = min(filterH, max(0, -from));
        const lines = max(0, min(filterH, inH - from) - tap);
        const p = copy + line * <usize>(lines > 0 ? from + tap - top : 0);
        const w = weights + (<usize>(tap * filterW) << 4);
        if (isByOne) fiveByOne(args, p, w, line, lines, out, bias);
        else fiveByTwo(args, p, w, line, lines, out, bias);
        out += <usize>arg(args, OUT_LINE);
      }
    }
  }
}

/** The input lines from `top` on, as one image for each vector of channels, with zeros beside them. */
function copyLines(
  args: usize, to: usize, x: usize, block: i32, planes: i32, top: i32, lines: i32, width: i32,
): void {
  const channels = arg(args, CHANNELS);
  const step = <usize>arg(args, IN_STEP);
  const left = min(width, max(0, arg(args, PAD_LEFT)));
  const right = min(width, arg(args, IN_W) + arg(args, PAD_LEFT));
  const lineBytes = <usize>width << 4;
  const plane = lineBytes * <usize>lines;
  const isWhole = planes == PLANES && block + 4 * PLANES <= channels;
  for (let i = 0; i < lines; i++) {
    const target = to + <usize>i * lineBytes;
    if (right <= left) {
      for (let v = 0; v < planes; v++) memory.fill(target + <usize>v * plane, 0, lineBytes);
      continue;
    }
    for (let v = 0; v < planes; v++) {
      if (left > 0) memory.fill(target + <usize>v * plane, 0, <usize>left << 4);
      if (right < width) memory.fill(target + <usize>v * plane + (<usize>right << 4), 0, <usize>(width - right) << 4);
    }
    const from = x + <usize>(top + i) * <usize>arg(args, IN_LINE) + <usize>(left - arg(args, PAD_LEFT)) * step;
    if (isWhole) copyWhole(from + (<usize>block << 2), step, target + (<usize>left << 4), plane, right - left);
    else {
      for (let v = 0; v < planes; v++) {
        let p = from + (<usize>min(block + 4 * v, channels - 4) << 2);
        let out = target + <usize>v * plane + (<usize>left << 4);
        for (let j = left; j < right; j++) {
          v128.store(out, v128.load(p));
          p += step;
          out += 16;
        }
      }
    }
  }
}

/** Whole cache lines: sixteen channels of a pixel to four images. */
function copyWhole(from: usize, step: usize, to: usize, plane: usize, count: i32): void {
  let to1 = to + plane;
  let to2 = to1 + plane;
  let to3 = to2 + plane;
  for (; count > 0; count--) {
    v128.store(to, v128.load(from));
    v128.store(to1, v128.load(from, 16));
    v128.store(to2, v128.load(from, 32));
    v128.store(to3, v128.load(from, 48));
    from += step;
    to += 16;
    to1 += 16;
    to2 += 16;
    to3 += 16;
  }
}

/** The taps of each vector of channels, line by line; backwards if the filter is rotated. */
function copyTaps(args: usize, to: usize, block: i32, planes: i32): void {
  const channels = arg(args, CHANNELS);
  const filterH = arg(args, FILTER_H);
  const filterW = arg(args, FILTER_W);
  const isTurned = arg(args, IS_TURNED) != 0;
  for (let v = 0; v < planes; v++) {
    const filter = <usize>arg(args, FILTER) + (<usize>min(block + 4 * v, channels - 4) << 2);
    for (let h = 0; h < filterH; h++) {
      for (let w = 0; w < filterW; w++) {
        const row = <usize>(isTurned ? filterH - 1 - h : h) * <usize>arg(args, TAP_LINE);
        const column = <usize>(isTurned ? filterW - 1 - w : w) * <usize>arg(args, TAP_STEP);
        v128.store(to, v128.load(filter + row + column));
        to += 16;
      }
    }
  }
}

/** One line of outputs from `lines` lines of the copy. */
function fiveByOne(args: usize, p: usize, w: usize, line: usize, lines: i32, out: usize, bias: v128): void {
  const outW = arg(args, OUT_W);
  const step = <usize>arg(args, OUT_STEP);
  const activation = arg(args, ACTIVATION);
  const count = min(outW, STRIP);
  for (let column = 0; column < outW; column += STRIP) {
    // The last strip overlaps the one before it.
    const at = <usize>max(0, min(column, outW - STRIP));
    fiveByOneStrip(p + (at << 4), w, line, lines, out + at * step, step, bias, activation, args + CURVE, count);
  }
}

function fiveByTwo(args: usize, p: usize, w: usize, line: usize, lines: i32, out: usize, bias: v128): void {
  const outW = arg(args, OUT_W);
  const step = <usize>arg(args, OUT_STEP);
  const activation = arg(args, ACTIVATION);
  const count = min(outW, STRIP);
  for (let column = 0; column < outW; column += STRIP) {
    // The last strip overlaps the one before it.
    const at = <usize>max(0, min(column, outW - STRIP));
    fiveByTwoStrip(p + (at << 5), w, line, lines, out + at * step, step, bias, activation, args + CURVE, count);
  }
}
