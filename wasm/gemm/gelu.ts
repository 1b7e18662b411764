import { loadTail, multiplyAdd, storeTail } from '../math';
import { bell4, normalCdf4, normalDensity4 } from '../mathTable';

/** A block is activated once it is complete, while it is in the cache: in the register tile, V8 would have too few registers. */
export const GELU: i32 = 5;

/**
 * One row of a block: x · Φ(x) in place, and where `slope` is an address, the slope Φ(x) + x · φ(x), which is all that going
 * back needs.
 */
export function geluRow(x: usize, slope: usize, columns: i32, t: usize): void {
  const whole = x + (<usize>(columns & ~3) << 2);
  if (slope) {
    for (; x < whole; x += 16) {
      const v = v128.load(x);
      const bell = bell4(v, t);
      const cdf = normalCdf4(v, bell, t);
      v128.store(x, v128.mul<f32>(v, cdf));
      v128.store(slope, multiplyAdd(v, normalDensity4(bell), cdf));
      slope += 16;
    }
  } else {
    for (; x < whole; x += 16) {
      const v = v128.load(x);
      v128.store(x, v128.mul<f32>(v, normalCdf4(v, bell4(v, t), t)));
    }
  }
  const rest = columns & 3;
  if (rest == 0) return;
  const v = loadTail(x, rest, 0);
  const bell = bell4(v, t);
  const cdf = normalCdf4(v, bell, t);
  storeTail(x, v128.mul<f32>(v, cdf), rest);
  if (slope) storeTail(slope, multiplyAdd(v, normalDensity4(bell), cdf), rest);
}
