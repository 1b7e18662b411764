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

const LOG2_E: f32 = 1.4426950408889634;
/** ln 2 in two parts; the first has nine bits, so that its multiples are exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444005469057e-4;
/** 1.5 · 2²³: what is added to it is rounded to a whole number, which then lies in the low bits. */
const ROUNDER: f32 = 12582912;
const ROUNDER_BITS: i32 = 0x4b400000;

/** e^r − 1 for |r| ≤ ln 2 / 2: r + r² · (a polynomial fitted to a relative error of 1.3e-8). */
@inline
function expm1Reduced(r: v128): v128 {
  let p = multiplyAdd(f32x4.splat(0.0013946554390713573), r, f32x4.splat(0.008366644382476807));
  p = multiplyAdd(p, r, f32x4.splat(0.04166628047823906));
  p = multiplyAdd(p, r, f32x4.splat(0.16666541993618011));
  p = multiplyAdd(p, r, f32x4.splat(0.5));
  return multiplyAdd(v128.mul<f32>(r, r), p, r);
}

@inline
function reduce(x: v128, n: v128): v128 {
  return multiplyAdd(n, f32x4.splat(-LN2_LOW), multiplyAdd(n, f32x4.splat(-LN2_HIGH), x));
}

@inline
function powerOfTwo(k: v128): v128 {
  return v128.shl<i32>(v128.add<i32>(k, i32x4.splat(127)), 23);
}

/** e^x within two units in the last place, over the whole range: infinite above, denormal and zero below. */
@inline
export function exp4(x: v128): v128 {
  x = v128.pmin<f32>(v128.pmax<f32>(x, f32x4.splat(-104)), f32x4.splat(89));
  const shifted = multiplyAdd(x, f32x4.splat(LOG2_E), f32x4.splat(ROUNDER));
  const n = v128.sub<f32>(shifted, f32x4.splat(ROUNDER));
  const e = v128.add<f32>(expm1Reduced(reduce(x, n)), f32x4.splat(1));
  // In two steps, because 2^n itself may be too large or too small for a float.
  const k = v128.sub<i32>(shifted, i32x4.splat(ROUNDER_BITS));
  const half = v128.shr<i32>(k, 1);
  return v128.mul<f32>(v128.mul<f32>(e, powerOfTwo(half)), powerOfTwo(v128.sub<i32>(k, half)));
}

/** e^x − 1 for x ≤ 0, precise near zero too. */
@inline
export function expm1NotPositive4(x: v128): v128 {
  x = v128.pmax<f32>(x, f32x4.splat(-18));
  const shifted = multiplyAdd(x, f32x4.splat(LOG2_E), f32x4.splat(ROUNDER));
  const n = v128.sub<f32>(shifted, f32x4.splat(ROUNDER));
  const scale = powerOfTwo(v128.sub<i32>(shifted, i32x4.splat(ROUNDER_BITS)));
  return multiplyAdd(expm1Reduced(reduce(x, n)), scale, v128.sub<f32>(scale, f32x4.splat(1)));
}

/** tanh x = −m / (m + 2) with m = e^(−2|x|) − 1, and the sign of x. */
@inline
export function tanh4(x: v128): v128 {
  const m = expm1NotPositive4(v128.mul<f32>(v128.abs<f32>(x), f32x4.splat(-2)));
  const y = v128.div<f32>(v128.neg<f32>(m), v128.add<f32>(m, f32x4.splat(2)));
  return v128.or(v128.abs<f32>(y), v128.and(x, i32x4.splat(0x80000000)));
}

@inline
export function sigmoid4(x: v128): v128 {
  return v128.div<f32>(f32x4.splat(1), v128.add<f32>(f32x4.splat(1), exp4(v128.neg<f32>(x))));
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
