/**
 * Pooling, channels last: the largest value, or the average, of the positions of each window that are in the image, and
 * the gradient of the average. Sixteen channels at a time share one loop over the window.
 */
import { arg } from '../args';
import { averageWindow, maxWindow, spreadPixel } from './window';
import {
  CHANNELS, FILTER_H, FILTER_W, FROM, IMAGES, IN_H, IN_W, OUT_H, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H, STRIDE_W, TO,
} from './layout';

/** A part is a run of output rows, counted through all images. NaN is never the largest value, as in tfjs. */
export function maxPool(args: usize, scratch: usize, part: i32, parts: i32): void {
  poolRows(args, part, parts, true);
}

/**
 * A part is a run of output rows, counted through all images. A window entirely in the padding averages to NaN, as in
 * tfjs.
 */
export function avgPool(args: usize, scratch: usize, part: i32, parts: i32): void {
  poolRows(args, part, parts, false);
}

function poolRows(args: usize, part: i32, parts: i32, isMax: bool): void {
  const outH = arg(args, OUT_H);
  const outW = arg(args, OUT_W);
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const channels = arg(args, CHANNELS);
  const pixel = <usize>channels << 2;
  const inRow = <usize>inW * pixel;
  const total = arg(args, IMAGES) * outH;
  const last = <i32>((<i64>total * (part + 1)) / parts);
  let row = <i32>((<i64>total * part) / parts);
  let out = <usize>arg(args, TO) + <usize>(row * outW) * pixel;
  for (; row < last; row++) {
    const image = row / outH;
    const top = (row - image * outH) * arg(args, STRIDE_H) - arg(args, PAD_TOP);
    const h = max(0, top);
    const rows = max(0, min(inH, top + arg(args, FILTER_H)) - h);
    const x = <usize>arg(args, FROM) + <usize>(image * inH + h) * inRow;
    for (let column = 0; column < outW; column++) {
      const left = column * arg(args, STRIDE_W) - arg(args, PAD_LEFT);
      const w = max(0, left);
      const columns = max(0, min(inW, left + arg(args, FILTER_W)) - w);
      if (isMax) maxWindow(x + <usize>w * pixel, out, rows, columns, inRow, channels);
      else averageWindow(x + <usize>w * pixel, out, rows, columns, inRow, channels);
      out += pixel;
    }
  }
}

/**
 * Gradient of the average: each window distributes its gradient equally over its positions in the image. A part is a
 * run of input rows, counted through all images.
 */
export function avgPoolGrad(args: usize, scratch: usize, part: i32, parts: i32): void {
  const outH = arg(args, OUT_H);
  const outW = arg(args, OUT_W);
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const channels = arg(args, CHANNELS);
  const pixel = <usize>channels << 2;
  const total = arg(args, IMAGES) * inH;
  const last = <i32>((<i64>total * (part + 1)) / parts);
  let row = <i32>((<i64>total * part) / parts);
  let dx = <usize>arg(args, TO) + <usize>(row * inW) * pixel;
  for (; row < last; row++) {
    const image = row / inH;
    const bottom = row - image * inH + arg(args, PAD_TOP);
    const h0 = firstWindow(bottom, arg(args, FILTER_H), arg(args, STRIDE_H));
    const h1 = min(outH, bottom / arg(args, STRIDE_H) + 1);
    const dy = <usize>arg(args, FROM) + <usize>(image * outH * outW) * pixel;
    for (let column = 0; column < inW; column++) {
      const right = column + arg(args, PAD_LEFT);
      const w0 = firstWindow(right, arg(args, FILTER_W), arg(args, STRIDE_W));
      spreadPixel(args, dy, dx, h0, h1, w0, min(outW, right / arg(args, STRIDE_W) + 1));
      dx += pixel;
    }
  }
}

/** The first window that reaches a position of the padded image. */
@inline
function firstWindow(position: i32, filter: i32, stride: i32): i32 {
  return position < filter ? 0 : (position - filter) / stride + 1;
}
