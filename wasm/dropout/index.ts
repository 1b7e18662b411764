/**
 * Dropout from a counter: a hash of the key and i decides whether value i is kept, so nothing is saved for the backward
 * pass, and the thread count does not matter. `runtime/ops/dropout.ts` has the same hash.
 */
import { arg } from '../args';
import { loadTail, storeTail } from '../math';
import { rangeStart } from '../range';

/** The argument block: 32-bit words in this order. `runtime/kernels/elementwise/dropout.ts` writes it. */
const X: i32 = 0;
const OUT: i32 = 1;
const COUNT: i32 = 2;
const KEY_ONE: i32 = 3;
const KEY_TWO: i32 = 4;
/** A value whose hash, unsigned, lies below this is dropped. */
const THRESHOLD: i32 = 5;
/** A float: the factor of kept values. */
const SCALE: usize = 24;

export function dropout(args: usize, scratch: usize, part: i32, parts: i32): void {
  const count = arg(args, COUNT);
  const first = rangeStart(count, part, parts);
  let left = rangeStart(count, part + 1, parts) - first;
  const keyOne = i32x4.splat(arg(args, KEY_ONE));
  const keyTwo = i32x4.splat(arg(args, KEY_TWO));
  const threshold = i32x4.splat(arg(args, THRESHOLD));
  const scale = v128.load32_splat(args + SCALE);
  const four = i32x4.splat(4);
  let index = v128.add<i32>(i32x4.splat(first), i32x4(0, 1, 2, 3));
  let x = <usize>arg(args, X) + (<usize>first << 2);
  let out = <usize>arg(args, OUT) + (<usize>first << 2);
  for (; left >= 4; left -= 4) {
    const isKept = v128.ge<u32>(hash(index, keyOne, keyTwo), threshold);
    v128.store(out, v128.and(v128.mul<f32>(v128.load(x), scale), isKept));
    index = v128.add<i32>(index, four);
    x += 16;
    out += 16;
  }
  if (left > 0) {
    const isKept = v128.ge<u32>(hash(index, keyOne, keyTwo), threshold);
    storeTail(out, v128.and(v128.mul<f32>(loadTail(x, left, 0), scale), isKept), left);
  }
}

@inline
function hash(index: v128, keyOne: v128, keyTwo: v128): v128 {
  return mix(v128.add<i32>(mix(v128.xor(index, keyOne)), keyTwo));
}

/** A bijection of 32 bits that changes half of them for any one (Wellons 2018, "lowbias32", public domain). */
@inline
function mix(x: v128): v128 {
  x = v128.mul<i32>(v128.xor(x, v128.shr<u32>(x, 16)), i32x4.splat(0x21f0aaad));
  x = v128.mul<i32>(v128.xor(x, v128.shr<u32>(x, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(x, v128.shr<u32>(x, 15));
}
