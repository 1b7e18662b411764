// Gradient of a filter of any size, stride and dilation: tap by tap, over the pixels where the tap lies in the image.
import { arg } from '../args';
import { multiplyAdd } from '../math';
import { loadLanes, storeLanes } from './lanes';
import {
  CHANNELS, DILATION_H, DILATION_W, FILTER_H, FILTER_W, IN_H, IN_W, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H, STRIDE_W,
} from './layout';
import { firstInside, lastInside } from './range';

/** Adds the products of rows [first, last) of one image to the sums of channels [channel, channel + lanes). */
export function anyFilterBand(
  args: usize, x: usize, dy: usize, sums: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  if (lanes == 4) taps(args, x, dy, sums, channel, first, last, 4);
  else taps(args, x, dy, sums, channel, first, last, lanes);
}

@inline
function taps(
  args: usize, x: usize, dy: usize, sums: usize, channel: i32, first: i32, last: i32, lanes: i32,
): void {
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const outW = arg(args, OUT_W);
  const filterH = arg(args, FILTER_H);
  const filterW = arg(args, FILTER_W);
  const strideW = arg(args, STRIDE_W);
  const pixel = <usize>arg(args, CHANNELS) << 2;
  const offset = <usize>channel << 2;
  const inRow = <usize>inW * pixel;
  const outRow = <usize>outW * pixel;
  const step = <usize>strideW * pixel;
  let sum = sums + offset;
  for (let h = 0; h < filterH; h++) {
    for (let w = 0; w < filterW; w++) {
      const before = arg(args, PAD_LEFT) - w * arg(args, DILATION_W);
      const begin = firstInside(before, strideW);
      const end = min(lastInside(inW, before, strideW), outW);
      let a = loadLanes(sum, lanes);
      let b = f32x4.splat(0);
      let c = b, d = b;
      for (let row = first; row < last; row++) {
        const from = row * arg(args, STRIDE_H) - arg(args, PAD_TOP) + h * arg(args, DILATION_H);
        if (<u32>from >= <u32>inH) continue;
        let p = x + <usize>from * inRow + <usize>(begin * strideW - before) * pixel + offset;
        let g = dy + <usize>row * outRow + <usize>begin * pixel + offset;
        let left = end - begin;
        for (; left >= 4; left -= 4) {
          a = multiplyAdd(loadLanes(p, lanes), loadLanes(g, lanes), a);
          b = multiplyAdd(loadLanes(p + step, lanes), loadLanes(g + pixel, lanes), b);
          c = multiplyAdd(loadLanes(p + 2 * step, lanes), loadLanes(g + 2 * pixel, lanes), c);
          d = multiplyAdd(loadLanes(p + 3 * step, lanes), loadLanes(g + 3 * pixel, lanes), d);
          p += 4 * step;
          g += 4 * pixel;
        }
        for (; left > 0; left--) {
          a = multiplyAdd(loadLanes(p, lanes), loadLanes(g, lanes), a);
          p += step;
          g += pixel;
        }
      }
      storeLanes(sum, v128.add<f32>(v128.add<f32>(a, b), v128.add<f32>(c, d)), lanes);
      sum += pixel;
    }
  }
}
