import { log } from '../math';

/** Four powers, each in float64, where the error of the logarithm does not grow with the exponent. */
export function pow4(a: v128, b: v128): v128 {
  let out = f32x4.splat(<f32>pow(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
  out = f32x4.replace_lane(out, 1, <f32>pow(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
  out = f32x4.replace_lane(out, 2, <f32>pow(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
  return f32x4.replace_lane(out, 3, <f32>pow(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
}

/**
 * As in JavaScript: a power of 0 is 1; NaN if the exponent is infinite and the base ±1, or for a root of a negative
 * number.
 */
function pow(base: f32, exponent: f32): f64 {
  const a = <f64>base;
  const b = <f64>exponent;
  if (b == 0) return 1;
  if (a != a || b != b) return NaN;
  const size = Math.abs(a);
  if (Math.abs(b) == Infinity) {
    if (size == 1) return NaN;
    return size > 1 == b > 0 ? Infinity : 0;
  }
  const isWhole = Math.floor(b) == b;
  if (a < 0 && !isWhole && size < Infinity) return NaN;
  const isOdd = isWhole && Math.floor(b / 2) * 2 != b;
  let y: f64;
  if (size == 0 || size == Infinity) y = (size == 0) == b > 0 ? 0 : Infinity;
  else y = exp(b * log(size));
  // The sign bit and not a < 0: it counts for −0 too.
  return isOdd && reinterpret<i64>(a) < 0 ? -y : y;
}

/** e^x to 1e-12, by a power of two and a polynomial. Beyond what a float holds it stays beyond. */
function exp(x: f64): f64 {
  const y = min<f64>(max<f64>(x, -200), 200);
  const n = Math.floor(y * 1.4426950408889634 + 0.5);
  const r = y - n * 0.6931471805599453;
  let p: f64 = 1;
  for (let i = 11; i > 0; i--) p = 1 + (p * r) / <f64>i;
  return p * reinterpret<f64>((<i64>n + 1023) << 52);
}
