/**
 * Gradient of max pooling: each window hands its gradient to the first position that holds its maximum.
 * The search starts at the window's own first element, so maxima at or below zero are found (tfjs-wasm misses them).
 */
import { arg } from '../args';

/** The argument block: 32-bit words in this order. `runtime/kernels/maxPoolGrad.ts` writes it. */
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
  memory.fill(dx + <usize>first * imageBytes, 0, <usize>(last - first) * imageBytes);
  for (let image = first; image < last; image++) {
    const x = <usize>arg(args, X) + <usize>image * imageBytes;
    const dxImage = dx + <usize>image * imageBytes;
    let dy = <usize>arg(args, DY) + <usize>(image * outH * outW) * pixelBytes;
    for (let oh = 0; oh < outH; oh++) {
      const top = oh * arg(args, STRIDE_H) - arg(args, PAD_TOP);
      for (let ow = 0; ow < outW; ow++) {
        const left = ow * arg(args, STRIDE_W) - arg(args, PAD_LEFT);
        window(args, x, dxImage, dy, top, left, inH, inW, channels);
        dy += pixelBytes;
      }
    }
  }
}

function window(
  args: usize, x: usize, dx: usize, dy: usize, top: i32, left: i32, inH: i32, inW: i32, channels: i32,
): void {
  const filterH = arg(args, FILTER_H);
  const filterW = arg(args, FILTER_W);
  const dilationH = arg(args, DILATION_H);
  const dilationW = arg(args, DILATION_W);
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    let best = f32x4.splat(0);
    let bestAt = i32x4.splat(-1);
    for (let fh = 0; fh < filterH; fh++) {
      const h = top + fh * dilationH;
      if (<u32>h >= <u32>inH) continue;
      for (let fw = 0; fw < filterW; fw++) {
        const w = left + fw * dilationW;
        if (<u32>w >= <u32>inW) continue;
        const at = ((h * inW + w) * channels + channel) << 2;
        const value = v128.load(x + <usize>at);
        const isBetter = v128.or(v128.gt<f32>(value, best), v128.lt<i32>(bestAt, i32x4.splat(0)));
        best = v128.bitselect(value, best, isBetter);
        bestAt = v128.bitselect(i32x4.splat(at), bestAt, isBetter);
      }
    }
    const gradient = dy + (<usize>channel << 2);
    give(dx, i32x4.extract_lane(bestAt, 0), load<f32>(gradient), 0);
    give(dx, i32x4.extract_lane(bestAt, 1), load<f32>(gradient, 4), 4);
    give(dx, i32x4.extract_lane(bestAt, 2), load<f32>(gradient, 8), 8);
    give(dx, i32x4.extract_lane(bestAt, 3), load<f32>(gradient, 12), 12);
  }
  for (; channel < channels; channel++) {
    let best: f32 = 0;
    let bestAt = -1;
    for (let fh = 0; fh < filterH; fh++) {
      const h = top + fh * dilationH;
      if (<u32>h >= <u32>inH) continue;
      for (let fw = 0; fw < filterW; fw++) {
        const w = left + fw * dilationW;
        if (<u32>w >= <u32>inW) continue;
        const at = ((h * inW + w) * channels + channel) << 2;
        const value = load<f32>(x + <usize>at);
        if (bestAt < 0 || value > best) {
          best = value;
          bestAt = at;
        }
      }
    }
    give(dx, bestAt, load<f32>(dy + (<usize>channel << 2)), 0);
  }
}

/** A window that lies wholly in the padding has no maximum and gives nothing. */
@inline
function give(dx: usize, at: i32, gradient: f32, lane: usize): void {
  if (at < 0) return;
  const target = dx + <usize>at + lane;
  store<f32>(target, load<f32>(target) + gradient);
}
