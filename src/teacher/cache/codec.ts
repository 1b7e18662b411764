import { HALF_LIMIT } from '../../core/halves.ts';
import { ceilFloat16, floorFloat16, fromFloat16, toFloat16 } from './float16.ts';
import type { Codec, Precision } from './precision.ts';
import { topKCodec } from './topK.ts';

/** The codec of an output's floating-point numbers; those of an output named "probs" add up, those of others do not. */
export function codecOf(precision: Exclude<Precision, 'float32'>, output: string, width: number): Codec {
  if (precision === 'float16') return float16Codec;
  if (precision === 'int8') return int8Codec;
  // The largest K of K numbers are all of them.
  return precision.topK >= width ? float16Codec : topKCodec(precision.topK, isProbabilities(output));
}

/** `logits`, `probs` and `logProbs` are three different words. */
function isProbabilities(output: string): boolean {
  return /probs$/i.test(output) && !/logProbs$/i.test(output);
}

const float16Codec: Codec = {
  bytesOf: (width) => 2 * width,
  encode(values, at, width, bytes, to) {
    let cut = 0;
    for (let i = 0; i < width; i++) {
      const number = values[at + i] as number;
      if (Math.abs(number) >= HALF_LIMIT) cut++;
      const half = toFloat16(number);
      bytes[to + 2 * i] = half;
      bytes[to + 2 * i + 1] = half >>> 8;
    }
    return cut;
  },
  decode(bytes, at, width, values, to) {
    for (let i = 0; i < width; i++) {
      values[to + i] = fromFloat16((bytes[at + 2 * i] as number) | ((bytes[at + 2 * i + 1] as number) << 8));
    }
  },
};

/** The smallest number, rounded down, and the step, rounded up, in float16; then one byte a number: so many steps. */
const int8Codec: Codec = {
  bytesOf: (width) => 4 + width,
  encode(values, at, width, bytes, to) {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < width; i++) {
      const number = values[at + i] as number;
      if (number < least) least = number;
      if (number > most) most = number;
    }
    const start = floorFloat16(width > 0 ? least : 0);
    const from = fromFloat16(start);
    const stride = ceilFloat16(Math.max(0, (most - from) / 255));
    const step = fromFloat16(stride);
    bytes[to] = start;
    bytes[to + 1] = start >>> 8;
    bytes[to + 2] = stride;
    bytes[to + 3] = stride >>> 8;
    let cut = 0;
    for (let i = 0; i < width; i++) {
      const steps = step === 0 ? 0 : Math.round(((values[at + i] as number) - from) / step);
      if (steps < 0 || steps > 255) cut++;
      bytes[to + 4 + i] = Math.min(255, Math.max(0, steps));
    }
    return cut;
  },
  decode(bytes, at, width, values, to) {
    const from = fromFloat16((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
    const step = fromFloat16((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8));
    for (let i = 0; i < width; i++) values[to + i] = from + step * (bytes[at + 4 + i] as number);
  },
};
