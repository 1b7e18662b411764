/**
 * Gradient of max pooling: each window passes its gradient to the first position that holds its maximum. The search
 * starts at the window's own first element, so maxima at or below zero are found (tfjs-wasm misses them).
 */
import { arg } from '../args';
import { firstInside, lastInside } from '../depthwise/range';

/** The argument block: 32-bit words in this order. `runtime/kernels/pooling/maxPoolGrad.ts` writes it. */
const X: i32 = 0;
const DY: i32 = 1;
const DX: i32 = 2;
const IMAGES: i32 = 3;
const IN_H: i32 = 4;
const IN_W: i32 = 5;
const CHANNELS: i32 = 6;
const OUT_H: i32 = 7;
const OUT_W: i32 = 8;
const FILTER_H: i32 = 9;
const FILTER_W: i32 = 10;
const STRIDE_H: i32 = 11;
const STRIDE_W: i32 = 12;
const DILATION_H: i32 = 13;
const DILATION_W: i32 = 14;
const PAD_TOP: i32 = 15;
const PAD_LEFT: i32 = 16;
/** 1: no position is in two windows. */
const IS_APART: i32 = 17;
/** 1: every position is in a window too, so nothing needs to be cleared. */
const IS_COVERED: i32 = 18;

/** A part is a run of images, so no two threads write the same element. */
export function maxPoolGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const images = arg(args, IMAGES);
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const channels = arg(args, CHANNELS);
  const outH = arg(args, OUT_H);
  const outW = arg(args, OUT_W);
  const imageBytes = <usize>(inH * inW * channels) << 2;
  const pixelBytes = <usize>channels << 2;
  const first = (images * part) / parts;
  const last = (images * (part + 1)) / parts;
  const dx = <usize>arg(args, DX);
  const isApart = arg(args, IS_APART) != 0;
  if (arg(args, IS_COVERED) == 0) {
    memory.fill(dx + <usize>first * imageBytes, 0, <usize>(last - first) * imageBytes);
  }
  const filterH = arg(args, FILTER_H);
  const filterW = arg(args, FILTER_W);
  const dilationH = arg(args, DILATION_H);
  const dilationW = arg(args, DILATION_W);
  const rowBytes = inW * <i32>pixelBytes;
  for (let image = first; image < last; image++) {
    const x = <usize>arg(args, X) + <usize>image * imageBytes;
    const dxImage = dx + <usize>image * imageBytes;
    let dy = <usize>arg(args, DY) + <usize>(image * outH * outW) * pixelBytes;
    for (let oh = 0; oh < outH; oh++) {
      const top = oh * arg(args, STRIDE_H) - arg(args, PAD_TOP);
      const h = firstInside(-top, dilationH);
      const rows = min(lastInside(inH, -top, dilationH), filterH) - h;
      for (let ow = 0; ow < outW; ow++) {
        const left = ow * arg(args, STRIDE_W) - arg(args, PAD_LEFT);
        const w = firstInside(-left, dilationW);
        const columns = min(lastInside(inW, -left, dilationW), filterW) - w;
        // A window entirely in the padding has no maximum and gives nothing.
        if (rows > 0 && columns > 0) {
          const at = (top + h * dilationH) * rowBytes + (left + w * dilationW) * <i32>pixelBytes;
          window(x, dxImage, dy, at, rows, columns, dilationH * rowBytes, dilationW * <i32>pixelBytes, channels, isApart);
        }
        dy += pixelBytes;
      }
    }
  }
}

/** One window of `rows` × `columns` positions in the image, `at` bytes after the image's start. */
function window(
  x: usize, dx: usize, dy: usize, at: i32, rows: i32, columns: i32, rowStep: i32, columnStep: i32, channels: i32,
  isApart: bool,
): void {
  let channel = channels;
  for (; channel >= 4; channel -= 4) {
    let best = v128.load(x + <usize>at);
    let bestAt = i32x4.splat(at);
    let line = at;
    for (let h = rows; h > 0; h--) {
      let position = line;
      for (let w = columns; w > 0; w--) {
        const value = v128.load(x + <usize>position);
        bestAt = v128.bitselect(i32x4.splat(position), bestAt, v128.gt<f32>(value, best));
        best = v128.pmax<f32>(best, value);
        position += columnStep;
      }
      line += rowStep;
    }
    if (isApart) {
      // No other window adds to these positions: each is written once, with the gradient or with zero.
      const whole = v128.load(dy);
      line = at;
      for (let h = rows; h > 0; h--) {
        let position = line;
        for (let w = columns; w > 0; w--) {
          v128.store(dx + <usize>position, v128.and(whole, v128.eq<i32>(bestAt, i32x4.splat(position))));
          position += columnStep;
        }
        line += rowStep;
      }
    } else {
      give(dx, i32x4.extract_lane(bestAt, 0), load<f32>(dy), 0);
      give(dx, i32x4.extract_lane(bestAt, 1), load<f32>(dy, 4), 4);
      give(dx, i32x4.extract_lane(bestAt, 2), load<f32>(dy, 8), 8);
      give(dx, i32x4.extract_lane(bestAt, 3), load<f32>(dy, 12), 12);
    }
    at += 16;
    dy += 16;
  }
  for (; channel > 0; channel--) {
    let best = load<f32>(x + <usize>at);
    let bestAt = at;
    let line = at;
    for (let h = rows; h > 0; h--) {
      let position = line;
      for (let w = columns; w > 0; w--) {
        const value = load<f32>(x + <usize>position);
        if (value > best) {
          best = value;
          bestAt = position;
        }
        if (isApart) store<f32>(dx + <usize>position, 0);
        position += columnStep;
      }
      line += rowStep;
    }
    give(dx, bestAt, load<f32>(dy), 0);
    at += 4;
    dy += 4;
  }
}

@inline
function give(dx: usize, at: i32, gradient: f32, lane: usize): void {
  const target = dx + <usize>at + lane;
  store<f32>(target, load<f32>(target) + gradient);
}
