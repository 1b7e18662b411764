// Input gradient of any size, stride and dilation: a row is cleared, then each tap adds its products to it.
import { arg } from '../args';
import { multiplyAdd } from '../math';
import { loadLanes, storeLanes } from './lanes';
import {
  CHANNELS, DILATION_H, DILATION_W, FILTER, FILTER_H, FILTER_W, IN_H, IN_W, OUT_H, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H,
  STRIDE_W, X, Y,
} from './layout';
import { firstInside, lastInside } from './range';

/** Rows [first, last) of the input's gradient, counted through all images. */
export function scatterRows(args: usize, first: i32, last: i32): void {
  const inH = arg(args, IN_H);
  const inW = arg(args, IN_W);
  const outH = arg(args, OUT_H);
  const outW = arg(args, OUT_W);
  const filterH = arg(args, FILTER_H);
  const filterW = arg(args, FILTER_W);
  const strideH = arg(args, STRIDE_H);
  const strideW = arg(args, STRIDE_W);
  const channels = arg(args, CHANNELS);
  const pixel = <usize>channels << 2;
  const inRow = <usize>inW * pixel;
  for (let row = first; row < last; row++) {
    const dx = <usize>arg(args, Y) + <usize>row * inRow;
    memory.fill(dx, 0, inRow);
    const image = row / inH;
    for (let h = 0; h < filterH; h++) {
      // The output row of which tap h reads this input row, times the stride.
      const reached = row - image * inH + arg(args, PAD_TOP) - h * arg(args, DILATION_H);
      if (reached < 0 || reached % strideH != 0 || reached / strideH >= outH) continue;
      const dy = <usize>arg(args, X) + <usize>((image * outH + reached / strideH) * outW) * pixel;
      for (let w = 0; w < filterW; w++) {
        const filter = <usize>arg(args, FILTER) + <usize>(h * filterW + w) * pixel;
        const before = arg(args, PAD_LEFT) - w * arg(args, DILATION_W);
        const end = min(lastInside(inW, before, strideW), outW);
        for (let column = firstInside(before, strideW); column < end; column++) {
          addProducts(dx + <usize>(column * strideW - before) * pixel, dy + <usize>column * pixel, filter, channels);
        }
      }
    }
  }
}

function addProducts(sum: usize, a: usize, b: usize, channels: i32): void {
  let left = channels;
  for (; left >= 4; left -= 4) {
    v128.store(sum, multiplyAdd(v128.load(a), v128.load(b), v128.load(sum)));
    sum += 16;
    a += 16;
    b += 16;
  }
  if (left > 0) storeLanes(sum, multiplyAdd(loadLanes(a, left), loadLanes(b, left), loadLanes(sum, left)), left);
}
