/** From here on rounding would give infinity. */
export const BEYOND_FLOAT16 = 65520;
const LARGEST_BITS = 0x7bff;
const INFINITY_BITS = 0x7c00;
const SIGN_BIT = 0x8000;

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/** The 16 bits of the nearest number of half precision, of two equally near the even one; beyond the largest: that. */
export function toFloat16(number: number): number {
  value[0] = number;
  const given = bits[0] as number;
  const sign = (given >>> 16) & SIGN_BIT;
  const size = given & 0x7fffffff;
  if (size >= 0x7f800000) return sign | (size === 0x7f800000 ? INFINITY_BITS : 0x7e00);
  if (size >= 0x477ff000) return sign | LARGEST_BITS;
  if (size >= 0x38800000) return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
  // Below 2^-14 the steps are 2^-24 wide, as those of float32 are from 0.5 on: adding 0.5 rounds as wished.
  value[0] = Math.abs(number) + 0.5;
  return sign | ((bits[0] as number) - 0x3f000000);
}

/** The number that 16 bits of half precision stand for. */
export function fromFloat16(half: number): number {
  table ??= makeTable();
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

let table: Float32Array | undefined;

/** All 65,536 numbers: looking one up is several times as fast as computing it. */
function makeTable(): Float32Array {
  const numbers = new Float32Array(0x10000);
  for (let half = 0; half < 0x10000; half++) {
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    const number = exponent < 31 ? size : fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    numbers[half] = half & SIGN_BIT ? -number : number;
  }
  return numbers;
}
