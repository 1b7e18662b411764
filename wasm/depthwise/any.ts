// Filters of any size, stride and dilation, forward: four output pixels at a time where all taps lie in the image.
import { arg } from '../args';
import { activate } from '../activation';
import { multiplyAdd } from '../math';
import { loadLanes, storeLanes } from './lanes';
import {
  ACTIVATION, BIAS, CHANNELS, CURVE, DILATION_H, DILATION_W, FILTER, FILTER_H, FILTER_W, IN_H, IN_W, IS_TURNED, OUT_W, PAD_LEFT,
  PAD_TOP, STRIDE_H, STRIDE_W,
} from './layout';
import { firstInside, lastInside } from './range';

/** Rows [first, last) of one image. */
export function anyBand(args: usize, x: usize, y: usize, first: i32, last: i32): void {
  const channels = arg(args, CHANNELS);
  // The last vector overlaps the one before it: the same numbers are written twice.
  for (let channel = 0; channel < channels && channels >= 4; channel += 4) {
    rows(args, x, y, min(channel, channels - 4), first, last, 4);
  }
  if (channels < 4) rows(args, x, y, 0, first, last, channels);
}

@inline
function rows(args: usize, x: usize, y: usize, channel: i32, first: i32, last: i32, lanes: i32): void {
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const outW = arg(args, OUT_W);
  const filterH = arg(args, FILTER_H);
  const filterW = arg(args, FILTER_W);
  const strideW = arg(args, STRIDE_W);
  const dilationH = arg(args, DILATION_H);
  const dilationW = arg(args, DILATION_W);
  const left = arg(args, PAD_LEFT);
  const activation = arg(args, ACTIVATION);
  const curve = args + CURVE;
  const pixel = <usize>arg(args, CHANNELS) << 2;
  const offset = <usize>channel << 2;
  const biasAt = <usize>arg(args, BIAS);
  const bias = biasAt ? loadLanes(biasAt + offset, lanes) : f32x4.splat(0);
  const isTurned = arg(args, IS_TURNED) != 0;
  const next = isTurned ? 0 - pixel : pixel;
  const filter = <usize>arg(args, FILTER) + offset + (isTurned ? <usize>(filterH * filterW - 1) * pixel : 0);
  const inRow = <usize>inW * pixel;
  const step = <usize>strideW * pixel;
  const tap = <usize>dilationW * pixel;
  const begin = min(firstInside(left, strideW), outW);
  const end = min(lastInside(inW, left - (filterW - 1) * dilationW, strideW), outW);
  for (let row = first; row < last; row++) {
    const top = row * arg(args, STRIDE_H) - arg(args, PAD_TOP);
    const h0 = firstInside(-top, dilationH);
    const h1 = min(lastInside(inH, -top, dilationH), filterH);
    let out = y + <usize>(row * outW) * pixel + offset;
    let column = 0;
    while (column < outW) {
      const corner = column * strideW - left;
      if (column >= begin && column + 4 <= end) {
        let a = bias, b = bias, c = bias, d = bias;
        for (let h = h0; h < h1; h++) {
          let p = x + <usize>(top + h * dilationH) * inRow + <usize>corner * pixel + offset;
          let f = filter + <usize>(h * filterW) * next;
          for (let w = 0; w < filterW; w++) {
            const weight = loadLanes(f, lanes);
            a = multiplyAdd(loadLanes(p, lanes), weight, a);
            b = multiplyAdd(loadLanes(p + step, lanes), weight, b);
            c = multiplyAdd(loadLanes(p + 2 * step, lanes), weight, c);
            d = multiplyAdd(loadLanes(p + 3 * step, lanes), weight, d);
            p += tap;
            f += next;
          }
        }
        storeLanes(out, activate(a, activation, curve), lanes);
        storeLanes(out + pixel, activate(b, activation, curve), lanes);
        storeLanes(out + 2 * pixel, activate(c, activation, curve), lanes);
        storeLanes(out + 3 * pixel, activate(d, activation, curve), lanes);
        column += 4;
        out += 4 * pixel;
        continue;
      }
      const w0 = firstInside(-corner, dilationW);
      const w1 = min(lastInside(inW, -corner, dilationW), filterW);
      let a = bias;
      for (let h = h0; h < h1; h++) {
        let p = x + <usize>(top + h * dilationH) * inRow + <usize>(corner + w0 * dilationW) * pixel + offset;
        let f = filter + <usize>(h * filterW + w0) * next;
        for (let w = w0; w < w1; w++) {
          a = multiplyAdd(loadLanes(p, lanes), loadLanes(f, lanes), a);
          p += tap;
          f += next;
        }
      }
      storeLanes(out, activate(a, activation, curve), lanes);
      column++;
      out += pixel;
    }
  }
}
