/**
 * Copies images into the middle of larger ones whose border is zero, so that a convolution never tests a bound.
 * The argument block: 32-bit words in this order. `runtime/kernels/conv/padImages.ts` writes it.
 */
import { arg } from '../args';

const X: i32 = 0;
const OUT: i32 = 1;
const IMAGES: i32 = 2;
const H: i32 = 3;
const W: i32 = 4;
const CHANNELS: i32 = 5;
const TOP: i32 = 6;
const LEFT: i32 = 7;
const OUT_H: i32 = 8;
const OUT_W: i32 = 9;

/** A part is a run of images. Rows and columns that do not fit into the target are left out. */
export function padImages(args: usize, scratch: usize, part: i32, parts: i32): void {
  const images = arg(args, IMAGES);
  const h = arg(args, H);
  const outH = arg(args, OUT_H);
  const outW = arg(args, OUT_W);
  // A border may be wider than the windows reach (tfjs takes both sides of an output from the filter's height).
  const top = min(arg(args, TOP), outH);
  const left = min(arg(args, LEFT), outW);
  const pixel = <usize>arg(args, CHANNELS) << 2;
  const row = <usize>arg(args, W) * pixel;
  const outRow = <usize>outW * pixel;
  const leftBytes = <usize>left * pixel;
  const kept = min(row, outRow - leftBytes);
  const rows = min(h, outH - top);
  const first = (images * part) / parts;
  const last = (images * (part + 1)) / parts;
  for (let image = first; image < last; image++) {
    let from = <usize>arg(args, X) + <usize>(image * h) * row;
    let to = <usize>arg(args, OUT) + <usize>(image * outH) * outRow;
    memory.fill(to, 0, <usize>top * outRow);
    to += <usize>top * outRow;
    for (let r = 0; r < rows; r++) {
      memory.fill(to, 0, leftBytes);
      memory.copy(to + leftBytes, from, kept);
      memory.fill(to + leftBytes + kept, 0, outRow - leftBytes - kept);
      from += row;
      to += outRow;
    }
    memory.fill(to, 0, <usize>(outH - top - rows) * outRow);
  }
}
