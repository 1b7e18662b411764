/**
 * Repeats each value, and sums such runs: a depthwise convolution with several filters for each channel equals one with
 * a single filter over an input whose channels are repeated. The argument block: 32-bit words in this order.
 * `runtime/kernels/conv/depthwise.ts` writes it.
 */
import { arg } from '../args';

const FROM: i32 = 0;
const TO: i32 = 1;
/** How many single values there are, and how often each is repeated. */
const COUNT: i32 = 2;
const TIMES: i32 = 3;

/** A part is a run of single values. */
export function repeatChannels(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const times = arg(args, TIMES);
  const first = <i32>((<i64>count * part) / parts);
  const last = <i32>((<i64>count * (part + 1)) / parts);
  let to = <usize>arg(args, TO) + (<usize>first * times << 2);
  for (let i = first; i < last; i++) {
    const value = v128.load32_splat(<usize>arg(args, FROM) + (<usize>i << 2));
    let left = times;
    for (; left >= 4; left -= 4) {
      v128.store(to, value);
      to += 16;
    }
    for (; left > 0; left--) {
      v128.store_lane<f32>(to, value, 0);
      to += 4;
    }
  }
}

/** A part is a run of sums. */
export function sumRepeatedChannels(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const times = arg(args, TIMES);
  const first = <i32>((<i64>count * part) / parts);
  const last = <i32>((<i64>count * (part + 1)) / parts);
  let from = <usize>arg(args, FROM) + (<usize>first * times << 2);
  for (let i = first; i < last; i++) {
    let sum: f32 = 0;
    for (let left = times; left > 0; left--) {
      sum += load<f32>(from);
      from += 4;
    }
    store<f32>(<usize>arg(args, TO) + (<usize>i << 2), sum);
  }
}
