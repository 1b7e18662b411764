// Halves as kept answers use them: cut at the largest instead of infinite, and rounded to one side where that is asked.
import { fromHalves, toHalf } from '../../core/halves.ts';

const LARGEST_BITS = 0x7bff;
const INFINITY_BITS = 0x7c00;
const SIGN_BIT = 0x8000;

/** The 16 bits of the nearest number of half precision, of two equally near the even one; beyond the largest: that. */
export function toFloat16(number: number): number {
  const half = toHalf(number);
  return (half & ~SIGN_BIT) === INFINITY_BITS && Number.isFinite(number) ? half - 1 : half;
}

let table: Float32Array | undefined;

/** The number that 16 bits of half precision stand for. All 65,536 are in a table: looking one up is several times as fast. */
export function fromFloat16(half: number): number {
  table ??= fromHalves(Uint16Array.from({ length: 0x10000 }, (_, bits) => bits));
  return table[half] as number;
}

/** The 16 bits of the largest number of half precision that is not above the given one; cut at the largest. */
export function floorFloat16(number: number): number {
  const half = toFloat16(number);
  if (fromFloat16(half) <= number || half === (SIGN_BIT | LARGEST_BITS)) return half;
  if ((half & 0x7fff) === 0) return SIGN_BIT | 1;
  return half & SIGN_BIT ? half + 1 : half - 1;
}

/** The 16 bits of the smallest number of half precision that is not below the given one of 0 or more. */
export function ceilFloat16(number: number): number {
  const half = toFloat16(number);
  return fromFloat16(half) >= number || half === LARGEST_BITS ? half : half + 1;
}
