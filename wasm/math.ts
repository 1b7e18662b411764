/**
 * Functions of four values at once. NaN stays NaN throughout: `pmin` and `pmax` give their first operand when the other
 * comparison fails, so a clamped NaN is still one.
 */

/** a · b + sum, with one rounding where the level has it. */
@inline
export function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, sum);
  return v128.add<f32>(v128.mul<f32>(a, b), sum);
}

/** ln x in float64, for a sum of exponentials; not finite stays as it is. */
export function log(x: f64): f64 {
  if (!(x > 0 && x < Infinity)) return x;
  const bits = reinterpret<i64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  // ln m = 2 artanh s
  const s = (m - 1) / (m + 1);
  const q = s * s;
  const series = 1 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 + q * (1.0 / 13))))));
  return <f64>exponent * 0.6931471805599453 + 2 * s * series;
}

/** 1.5 · 2⁵²: a number added to it is rounded to an integer in the low bits. */
const ROUNDER: f64 = 6755399441055744;

/** e^x in float64, to a few units in the last place; 0 from −708 down, NaN for NaN. x must not be above 708. */
export function exp(x: f64): f64 {
  if (x < -708) return 0;
  const shifted = x * 1.4426950408889634 + ROUNDER;
  const n = shifted - ROUNDER;
  const r = x - n * 0.693147180369123816490 - n * 1.90821492927058770002e-10;
  let p: f64 = 1.0 / 6227020800;
  p = p * r + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = (p * r + 1) * r + 1;
  const power = reinterpret<i64>(shifted) - reinterpret<i64>(ROUNDER) + 1023;
  return p * reinterpret<f64>(power << 52);
}

@inline
export function sumLanes(x: v128): f32 {
  const pairs = v128.add<f32>(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

@inline
export function maxLanes(x: v128): f32 {
  const pairs = v128.max<f32>(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** The last `count` (one to three) values of a row; the other lanes hold `rest`. */
@inline
export function loadTail(at: usize, count: i32, rest: f32): v128 {
  let x = v128.load32_lane(at, f32x4.splat(rest), 0);
  if (count > 1) x = v128.load32_lane(at, x, 1, 4);
  if (count > 2) x = v128.load32_lane(at, x, 2, 8);
  return x;
}

@inline
export function storeTail(at: usize, x: v128, count: i32): void {
  v128.store32_lane(at, x, 0);
  if (count > 1) v128.store32_lane(at, x, 1, 4);
  if (count > 2) v128.store32_lane(at, x, 2, 8);
}

/** Ones in the first `count` lanes. */
@inline
export function tailMask(count: i32): v128 {
  return v128.lt<i32>(i32x4(0, 1, 2, 3), i32x4.splat(count));
}
