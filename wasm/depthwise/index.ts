/**
 * Depthwise convolution, channels last: every channel has its own small filter. Forward and both gradients work on four
 * channels at a time and walk along rows. There is no padded copy: a row beyond the image is a vector of zeros that is
 * read repeatedly, a column beyond it is skipped. See NOTES.md.
 */
import { arg } from '../args';
import { anyBand } from './any';
import { anyFilterBand } from './anyFilter';
import { scatterRows } from './scatter';
import {
  BAND_BYTES, CHANNELS, CHUNKS, DILATION_W, FILTER, FILTER_H, FILTER_W, IMAGES, IN_H, IN_STEP, IN_W, OUT_H, OUT_W, PARTIALS,
  STRIDE_H, STRIDE_W, X, Y, ZERO_BYTES,
} from './layout';
import { packedBand, packedLines } from './packed';
import { threeByOne, threeByTwo } from './three';
import { threeFilterByOne, threeFilterByTwo } from './threeFilter';
import { threeInputByTwo } from './threeInput';

/** A part is a run of output rows, counted through all images. */
export function depthwiseForward(args: usize, scratch: usize, part: i32, parts: i32): void {
  const packed = packedLines(args);
  const zeros = packed > 0 ? 0 : rowOfZeros(args, scratch);
  const outH = arg(args, OUT_H);
  const channels = arg(args, CHANNELS);
  const pixel = <usize>channels << 2;
  const imageBytes = <usize>(arg(args, IN_H) * arg(args, IN_W)) * pixel;
  const outBytes = <usize>(outH * arg(args, OUT_W)) * pixel;
  const band = packed > 0 ? packed : max(1, BAND_BYTES / (arg(args, IN_W) * arg(args, STRIDE_H) * arg(args, STRIDE_W) * <i32>pixel));
  const isThree = arg(args, FILTER_H) == 3 && arg(args, FILTER_W) == 3 && arg(args, DILATION_W) == 1;
  const stride = isThree && zeros ? arg(args, STRIDE_W) : 0;
  const total = arg(args, IMAGES) * outH;
  let first = <i32>((<i64>total * part) / parts);
  const last = <i32>((<i64>total * (part + 1)) / parts);
  while (first < last) {
    const image = first / outH;
    const row = first - image * outH;
    const end = row + min(min(outH - row, last - first), band);
    const x = <usize>arg(args, X) + <usize>image * imageBytes;
    const y = <usize>arg(args, Y) + <usize>image * outBytes;
    if (packed > 0) packedBand(args, scratch, x, y, row, end);
    else if (stride == 1) threeByOne(args, zeros, x, y, row, end);
    else if (stride == 2) threeByTwo(args, zeros, x, y, row, end);
    else anyBand(args, x, y, row, end);
    first += end - row;
  }
}

/** Input gradient if a stride is above 1; X is the output's gradient, Y the input's. A part is a run of its rows. */
export function depthwiseBackInput(args: usize, scratch: usize, part: i32, parts: i32): void {
  v128.store(scratch, f32x4.splat(0));
  const inH = arg(args, IN_H);
  const isThree = arg(args, FILTER_H) == 3 && arg(args, FILTER_W) == 3 && arg(args, DILATION_W) == 1;
  const isByTwo = isThree && arg(args, STRIDE_W) == 2;
  const total = arg(args, IMAGES) * inH;
  const first = <i32>((<i64>total * part) / parts);
  const last = <i32>((<i64>total * (part + 1)) / parts);
  if (isByTwo) threeInputByTwo(args, scratch, first, last);
  else scatterRows(args, first, last);
}

/** Partial sums of the filter's gradient, one for each chunk of output rows; Y is the output's gradient. */
export function depthwiseBackFilter(args: usize, scratch: usize, part: i32, parts: i32): void {
  const zeros = rowOfZeros(args, scratch);
  const outH = arg(args, OUT_H);
  const channels = arg(args, CHANNELS);
  const pixel = <usize>channels << 2;
  const imageBytes = <usize>(arg(args, IN_H) * arg(args, IN_W)) * pixel;
  const outBytes = <usize>(outH * arg(args, OUT_W)) * pixel;
  const band = max(1, BAND_BYTES / (arg(args, IN_W) * arg(args, STRIDE_H) * arg(args, STRIDE_W) * <i32>pixel));
  const isThree = arg(args, FILTER_H) == 3 && arg(args, FILTER_W) == 3 && arg(args, DILATION_W) == 1;
  const stride = isThree && zeros ? arg(args, STRIDE_W) : 0;
  const filterBytes = <usize>(arg(args, FILTER_H) * arg(args, FILTER_W)) * pixel;
  const total = arg(args, IMAGES) * outH;
  const chunks = arg(args, CHUNKS);
  for (let chunk = part; chunk < chunks; chunk += parts) {
    const sums = <usize>arg(args, PARTIALS) + <usize>chunk * filterBytes;
    memory.fill(sums, 0, filterBytes);
    let first = <i32>((<i64>total * chunk) / chunks);
    const last = <i32>((<i64>total * (chunk + 1)) / chunks);
    while (first < last) {
      const image = first / outH;
      const row = first - image * outH;
      const end = row + min(min(outH - row, last - first), band);
      const x = <usize>arg(args, X) + <usize>image * imageBytes;
      const dy = <usize>arg(args, Y) + <usize>image * outBytes;
      for (let channel = 0; channel < channels; channel += 4) {
        const lanes = min(4, channels - channel);
        if (stride == 1) threeFilterByOne(args, zeros, x, dy, sums, channel, row, end, lanes);
        else if (stride == 2) threeFilterByTwo(args, zeros, x, dy, sums, channel, row, end, lanes);
        else anyFilterBand(args, x, dy, sums, channel, row, end, lanes);
      }
      first += end - row;
    }
  }
}

/** Adds the chunks' partial sums in order into FILTER. A part is a run of its values. */
export function depthwiseReduce(args: usize, scratch: usize, part: i32, parts: i32): void {
  const size = arg(args, FILTER_H) * arg(args, FILTER_W) * arg(args, CHANNELS);
  const chunks = arg(args, CHUNKS);
  const partials = <usize>arg(args, PARTIALS);
  const out = <usize>arg(args, FILTER);
  const chunkBytes = <usize>size << 2;
  let i = <i32>((<i64>size * part) / parts);
  const last = <i32>((<i64>size * (part + 1)) / parts);
  for (; i + 4 <= last; i += 4) {
    let from = partials + (<usize>i << 2);
    let sum = v128.load(from);
    for (let chunk = 1; chunk < chunks; chunk++) {
      from += chunkBytes;
      sum = v128.add<f32>(sum, v128.load(from));
    }
    v128.store(out + (<usize>i << 2), sum);
  }
  for (; i < last; i++) {
    let from = partials + (<usize>i << 2);
    let sum = load<f32>(from);
    for (let chunk = 1; chunk < chunks; chunk++) {
      from += chunkBytes;
      sum += load<f32>(from);
    }
    store<f32>(out + (<usize>i << 2), sum);
  }
}

/** Address of the row of zeros, after 16 bytes to write to; 0 if there is no room, and then no 3×3 kernel is used. */
function rowOfZeros(args: usize, scratch: usize): usize {
  const bytes = <usize>(arg(args, IN_W) * arg(args, IN_STEP));
  if (bytes > ZERO_BYTES) return 0;
  memory.fill(scratch + 16, 0, bytes);
  return scratch + 16;
}
