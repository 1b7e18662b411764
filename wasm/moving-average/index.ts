/** Moving averages of two statistics at once: old − (old − new) · (1 − momentum), rounded as tfjs rounds it. */
import { arg } from '../args';
import { at } from '../reduce/columns';

/** The argument block: 32-bit words in this order. `runtime/kernels/norm/movingAverage.ts` writes it. */
const OLD: i32 = 0;
const NEW: i32 = 1;
const OUT: i32 = 2;
/** The second statistic's addresses are this many words further. */
const SECOND: i32 = 3;
const CHANNELS: i32 = 6;
const DECAY: i32 = 7;

/** Too little to share: the first part does all. */
export function movingAverage(args: usize, scratch: usize, part: i32, parts: i32): void {
  if (part > 0) return;
  const channels = arg(args, CHANNELS);
  const decay = load<f32>(at(args, DECAY));
  for (let statistic = 0; statistic <= SECOND; statistic += SECOND) {
    const old = <usize>arg(args, OLD + statistic);
    const value = <usize>arg(args, NEW + statistic);
    const out = <usize>arg(args, OUT + statistic);
    for (let i = 0; i < channels; i++) {
      const before = load<f32>(at(old, i));
      store<f32>(at(out, i), before - (before - load<f32>(at(value, i))) * decay);
    }
  }
}
