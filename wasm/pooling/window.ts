// One window, or one pixel of a gradient: sixteen channels at a time, then four, then the rest.
import { arg } from '../args';
import { multiplyAdd } from '../math';
import { loadLanes, storeLanes } from '../depthwise/lanes';
import {
  CHANNELS, FILTER_H, FILTER_W, IN_H, IN_W, OUT_W, PAD_LEFT, PAD_TOP, STRIDE_H, STRIDE_W,
} from './layout';

/** The largest values of `rows` × `columns` pixels at x; −∞ where there are none. */
export function maxWindow(x: usize, out: usize, rows: i32, columns: i32, inRow: usize, channels: i32): void {
  const pixel = <usize>channels << 2;
  const none = f32x4.splat(-Infinity);
  let left = channels;
  for (; left >= 16; left -= 16) {
    let a = none, b = none, c = none, d = none;
    for (let h = 0; h < rows; h++) {
      let p = x + <usize>h * inRow;
      for (let w = 0; w < columns; w++) {
        // pmax keeps its first operand if the second is NaN or not larger.
        a = v128.pmax<f32>(a, v128.load(p));
        b = v128.pmax<f32>(b, v128.load(p, 16));
        c = v128.pmax<f32>(c, v128.load(p, 32));
        d = v128.pmax<f32>(d, v128.load(p, 48));
        p += pixel;
      }
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
    x += 64;
    out += 64;
  }
  for (; left > 0; left -= 4) {
    const lanes = min(4, left);
    let a = none;
    for (let h = 0; h < rows; h++) {
      let p = x + <usize>h * inRow;
      for (let w = 0; w < columns; w++) {
        a = v128.pmax<f32>(a, loadLanes(p, lanes));
        p += pixel;
      }
    }
    storeLanes(out, a, lanes);
    x += 16;
    out += 16;
  }
}

/** The averages of `rows` × `columns` pixels at x. */
export function averageWindow(x: usize, out: usize, rows: i32, columns: i32, inRow: usize, channels: i32): void {
  const pixel = <usize>channels << 2;
  const none = f32x4.splat(0);
  const count = f32x4.splat(<f32>(rows * columns));
  let left = channels;
  for (; left >= 16; left -= 16) {
    let a = none, b = none, c = none, d = none;
    for (let h = 0; h < rows; h++) {
      let p = x + <usize>h * inRow;
      for (let w = 0; w < columns; w++) {
        a = v128.add<f32>(a, v128.load(p));
        b = v128.add<f32>(b, v128.load(p, 16));
        c = v128.add<f32>(c, v128.load(p, 32));
        d = v128.add<f32>(d, v128.load(p, 48));
        p += pixel;
      }
    }
    v128.store(out, v128.div<f32>(a, count));
    v128.store(out, v128.div<f32>(b, count), 16);
    v128.store(out, v128.div<f32>(c, count), 32);
    v128.store(out, v128.div<f32>(d, count), 48);
    x += 64;
    out += 64;
  }
  for (; left > 0; left -= 4) {
    const lanes = min(4, left);
    let a = none;
    for (let h = 0; h < rows; h++) {
      let p = x + <usize>h * inRow;
      for (let w = 0; w < columns; w++) {
        a = v128.add<f32>(a, loadLanes(p, lanes));
        p += pixel;
      }
    }
    storeLanes(out, v128.div<f32>(a, count), lanes);
    x += 16;
    out += 16;
  }
}

/** The shares that one input pixel has in the windows [h0, h1) × [w0, w1) of one image. */
export function spreadPixel(args: usize, dy: usize, dx: usize, h0: i32, h1: i32, w0: i32, w1: i32): void {
  const channels = arg(args, CHANNELS);
  const pixel = <usize>channels << 2;
  const outRow = <usize>arg(args, OUT_W) * pixel;
  const none = f32x4.splat(0);
  let left = channels;
  for (; left >= 16; left -= 16) {
    let a = none, b = none, c = none, d = none;
    for (let h = h0; h < h1; h++) {
      const rows = rowsOf(args, h);
      for (let w = w0; w < w1; w++) {
        const p = dy + <usize>h * outRow + <usize>w * pixel;
        const share = f32x4.splat(<f32>1 / <f32>(rows * columnsOf(args, w)));
        a = multiplyAdd(v128.load(p), share, a);
        b = multiplyAdd(v128.load(p, 16), share, b);
        c = multiplyAdd(v128.load(p, 32), share, c);
        d = multiplyAdd(v128.load(p, 48), share, d);
      }
    }
    v128.store(dx, a);
    v128.store(dx, b, 16);
    v128.store(dx, c, 32);
    v128.store(dx, d, 48);
    dy += 64;
    dx += 64;
  }
  for (; left > 0; left -= 4) {
    const lanes = min(4, left);
    let a = none;
    for (let h = h0; h < h1; h++) {
      const rows = rowsOf(args, h);
      for (let w = w0; w < w1; w++) {
        const p = dy + <usize>h * outRow + <usize>w * pixel;
        a = multiplyAdd(loadLanes(p, lanes), f32x4.splat(<f32>1 / <f32>(rows * columnsOf(args, w))), a);
      }
    }
    storeLanes(dx, a, lanes);
    dy += 16;
    dx += 16;
  }
}

/** How many rows of a window are in the image. */
@inline
function rowsOf(args: usize, h: i32): i32 {
  const top = h * arg(args, STRIDE_H) - arg(args, PAD_TOP);
  return min(arg(args, IN_H), top + arg(args, FILTER_H)) - max(0, top);
}

@inline
function columnsOf(args: usize, w: i32): i32 {
  const left = w * arg(args, STRIDE_W) - arg(args, PAD_LEFT);
  return min(arg(args, IN_W), left + arg(args, FILTER_W)) - max(0, left);
}
