import { multiplyAdd } from './math';

/** ln 2 in two parts; the first has nine bits, so that its multiples are exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444005469057e-4;
/** 1.5 · 2²³: a number added to it is rounded to an integer in the low bits. */
const ROUNDER: f32 = 12582912;
const ROUNDER_BITS: i32 = 0x4b400000;

/**
 * This table of constants is at the end of a thread's scratch. V8 builds a constant vector from integers each time it
 * is used; loading it instead makes the exponential twice as fast.
 */
const TABLE: usize = 512 * 1024;
const LOWEST: usize = 0;
const HIGHEST: usize = 16;
const LOG2_E: usize = 32;
const ROUND: usize = 48;
const MINUS_LN2_HIGH: usize = 64;
const MINUS_LN2_LOW: usize = 80;
const E2: usize = 96;
const E3: usize = 112;
const E4: usize = 128;
const E5: usize = 144;
const E6: usize = 160;
const ONE: usize = 176;
const BIAS: usize = 192;
const ROUND_BITS: usize = 208;
const LOWEST_MINUS_ONE: usize = 224;
const NORMAL: usize = 240;
const LOWEST_NORMAL: usize = 400;

/** Writes the table and returns its address, which the functions below take. */
export function mathTable(scratch: usize): usize {
  return tableAt(scratch + TABLE);
}

export const TABLE_BYTES: i32 = 416;

/** The table somewhere else, for a kernel that needs that part of its scratch. */
export function tableAt(t: usize): usize {
  v128.store(t, f32x4.splat(-104), LOWEST);
  v128.store(t, f32x4.splat(89), HIGHEST);
  v128.store(t, f32x4.splat(1.4426950408889634), LOG2_E);
  v128.store(t, f32x4.splat(ROUNDER), ROUND);
  v128.store(t, f32x4.splat(-LN2_HIGH), MINUS_LN2_HIGH);
  v128.store(t, f32x4.splat(-LN2_LOW), MINUS_LN2_LOW);
  // e^r − 1 = r + r² · (E2 + E3 r + …) for |r| ≤ ln 2 / 2, fitted to a relative error of 1.3e-8.
  v128.store(t, f32x4.splat(0.5), E2);
  v128.store(t, f32x4.splat(0.16666541993618011), E3);
  v128.store(t, f32x4.splat(0.04166628047823906), E4);
  v128.store(t, f32x4.splat(0.008366644382476807), E5);
  v128.store(t, f32x4.splat(0.0013946554390713573), E6);
  v128.store(t, f32x4.splat(1), ONE);
  v128.store(t, i32x4.splat(127), BIAS);
  v128.store(t, i32x4.splat(ROUNDER_BITS), ROUND_BITS);
  v128.store(t, f32x4.splat(-18), LOWEST_MINUS_ONE);
  // e^(z²) erfc(z) by powers of 1 / (1 + 0.4 z), the highest first, fitted to a relative error of 4e-8.
  v128.store(t, f32x4.splat(0.031692732125520706), NORMAL);
  v128.store(t, f32x4.splat(-0.09062494337558746), NORMAL + 16);
  v128.store(t, f32x4.splat(-0.027355358004570007), NORMAL + 32);
  v128.store(t, f32x4.splat(0.2287523403120041), NORMAL + 48);
  v128.store(t, f32x4.splat(-0.030685968697071075), NORMAL + 64);
  v128.store(t, f32x4.splat(0.2490004450082779), NORMAL + 80);
  v128.store(t, f32x4.splat(0.18395553529262543), NORMAL + 96);
  v128.store(t, f32x4.splat(0.23000863194465637), NORMAL + 112);
  v128.store(t, f32x4.splat(0.22523795068264008), NORMAL + 128);
  v128.store(t, f32x4.splat(1.875423185992986e-5), NORMAL + 144);
  v128.store(t, f32x4.splat(-87.33654022216797), LOWEST_NORMAL);
  return t;
}

/** e^r − 1 for the remainder r = x − n · ln 2. */
@inline
function expm1Reduced(x: v128, n: v128, t: usize): v128 {
  const r = multiplyAdd(n, v128.load(t, MINUS_LN2_LOW), multiplyAdd(n, v128.load(t, MINUS_LN2_HIGH), x));
  let p = multiplyAdd(v128.load(t, E6), r, v128.load(t, E5));
  p = multiplyAdd(p, r, v128.load(t, E4));
  p = multiplyAdd(p, r, v128.load(t, E3));
  p = multiplyAdd(p, r, v128.load(t, E2));
  return multiplyAdd(v128.mul<f32>(r, r), p, r);
}

@inline
function powerOfTwo(k: v128, t: usize): v128 {
  return v128.shl<i32>(v128.add<i32>(k, v128.load(t, BIAS)), 23);
}

/** e^x within two units in the last place, over the whole range: infinite above, denormal and zero below. */
@inline
export function exp4(x: v128, t: usize): v128 {
  x = v128.pmin<f32>(v128.pmax<f32>(x, v128.load(t, LOWEST)), v128.load(t, HIGHEST));
  const shifted = multiplyAdd(x, v128.load(t, LOG2_E), v128.load(t, ROUND));
  const n = v128.sub<f32>(shifted, v128.load(t, ROUND));
  const e = v128.add<f32>(expm1Reduced(x, n, t), v128.load(t, ONE));
  // In two steps, because 2^n itself may be too large or too small for a float.
  const k = v128.sub<i32>(shifted, v128.load(t, ROUND_BITS));
  const half = v128.shr<i32>(k, 1);
  return v128.mul<f32>(v128.mul<f32>(e, powerOfTwo(half, t)), powerOfTwo(v128.sub<i32>(k, half), t));
}

/**
 * e^x within two units in the last place for x ≤ 0, and 0 where that would be denormal. Nothing is clamped, and the power
 * is one factor: a third fewer instructions than `exp4`.
 */
@inline
export function expNotPositive4(x: v128, t: usize): v128 {
  const shifted = multiplyAdd(x, v128.load(t, LOG2_E), v128.load(t, ROUND));
  const n = v128.sub<f32>(shifted, v128.load(t, ROUND));
  // Of ROUND's bits none is left behind the shift.
  const power = v128.add<i32>(v128.shl<i32>(shifted, 23), v128.load(t, ONE));
  const e = multiplyAdd(expm1Reduced(x, n, t), power, power);
  return v128.andnot(e, v128.lt<f32>(x, v128.load(t, LOWEST_NORMAL)));
}

/** e^x − 1 for x ≤ 0, precise near zero too. */
@inline
export function expm1NotPositive4(x: v128, t: usize): v128 {
  x = v128.pmax<f32>(x, v128.load(t, LOWEST_MINUS_ONE));
  const shifted = multiplyAdd(x, v128.load(t, LOG2_E), v128.load(t, ROUND));
  const n = v128.sub<f32>(shifted, v128.load(t, ROUND));
  const scale = powerOfTwo(v128.sub<i32>(shifted, v128.load(t, ROUND_BITS)), t);
  return multiplyAdd(expm1Reduced(x, n, t), scale, v128.sub<f32>(scale, v128.load(t, ONE)));
}

/** tanh x = −m / (m + 2) with m = e^(−2|x|) − 1, and the sign of x. */
@inline
export function tanh4(x: v128, t: usize): v128 {
  const m = expm1NotPositive4(v128.neg<f32>(v128.abs<f32>(v128.add<f32>(x, x))), t);
  const y = v128.div<f32>(m, v128.add<f32>(m, v128.add<f32>(v128.load(t, ONE), v128.load(t, ONE))));
  return v128.bitselect(x, v128.abs<f32>(y), i32x4.splat(0x80000000));
}

/** 1 / (1 + e^−x), for x < 0 as e^x / (1 + e^x). */
@inline
export function sigmoid4(x: v128, t: usize): v128 {
  const one = v128.load(t, ONE);
  const e = expNotPositive4(v128.neg<f32>(v128.abs<f32>(x)), t);
  return v128.div<f32>(v128.bitselect(e, one, v128.lt<f32>(x, f32x4.splat(0))), v128.add<f32>(one, e));
}

/** e^(−x²/2), from which `normalCdf4` and the density of the normal distribution are made. */
@inline
export function bell4(x: v128, t: usize): v128 {
  return expNotPositive4(v128.mul<f32>(v128.mul<f32>(x, x), f32x4.splat(-0.5)), t);
}

/** The density of the normal distribution, given `bell4(x)`. */
@inline
export function normalDensity4(bell: v128): v128 {
  return v128.mul<f32>(bell, f32x4.splat(0.3989422804014327));
}

/** Φ(x), the normal distribution, given `bell4(x)`: its tail is e^(−z²) · P(1 / (1 + 0.4 z)) / 2 with z = |x| / √2. */
@inline
export function normalCdf4(x: v128, bell: v128, t: usize): v128 {
  const one = v128.load(t, ONE);
  const z = v128.mul<f32>(v128.abs<f32>(x), f32x4.splat(0.28284271247461906));
  const q = v128.div<f32>(one, v128.add<f32>(z, one));
  let p = multiplyAdd(v128.load(t, NORMAL), q, v128.load(t, NORMAL + 16));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 32));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 48));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 64));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 80));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 96));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 112));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 128));
  p = multiplyAdd(p, q, v128.load(t, NORMAL + 144));
  const tail = v128.mul<f32>(v128.mul<f32>(bell, v128.load(t, E2)), p);
  return v128.bitselect(tail, v128.sub<f32>(one, tail), v128.lt<f32>(x, f32x4.splat(0)));
}

/**
 * ln x within two units in the last place. x = 2^k (1 + f) with 1 + f from √½ to √2, and ln (1 + f) = f − f²/2 +
 * s (f²/2 + R) with s = f / (2 + f) and R = 2 (s²/3 + s⁴/5 + …): near 1 nothing is lost.
 */
@inline
export function log4(x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  // Denormals are made normal first.
  const isTiny = v128.lt<f32>(x, f32x4.splat(1.1754943508222875e-38));
  const bits = v128.bitselect(v128.mul<f32>(x, f32x4.splat(8388608)), x, isTiny);
  const mantissa = v128.or(v128.and(bits, i32x4.splat(0x007fffff)), one);
  const isLarge = v128.gt<f32>(mantissa, f32x4.splat(1.4142135381698608));
  const exponent = v128.sub<i32>(
    v128.sub<i32>(v128.and(v128.shr<i32>(bits, 23), i32x4.splat(255)), i32x4.splat(127)),
    // Where the mantissa is halved the mask is −1.
    v128.add<i32>(v128.and(isTiny, i32x4.splat(23)), isLarge),
  );
  const k = v128.convert<i32>(exponent);
  const f = v128.sub<f32>(v128.bitselect(v128.mul<f32>(mantissa, f32x4.splat(0.5)), mantissa, isLarge), one);
  const s = v128.div<f32>(f, v128.add<f32>(f, f32x4.splat(2)));
  const q = v128.mul<f32>(s, s);
  let r = multiplyAdd(q, f32x4.splat(<f32>(2.0 / 9.0)), f32x4.splat(<f32>(2.0 / 7.0)));
  r = multiplyAdd(r, q, f32x4.splat(<f32>(2.0 / 5.0)));
  r = v128.mul<f32>(multiplyAdd(r, q, f32x4.splat(<f32>(2.0 / 3.0))), q);
  const half = v128.mul<f32>(v128.mul<f32>(f, f), f32x4.splat(0.5));
  const small = multiplyAdd(s, v128.add<f32>(half, r), v128.mul<f32>(k, f32x4.splat(LN2_LOW)));
  let y = v128.sub<f32>(v128.mul<f32>(k, f32x4.splat(LN2_HIGH)), v128.sub<f32>(v128.sub<f32>(half, small), f));
  y = v128.bitselect(y, x, v128.lt<f32>(x, f32x4.splat(Infinity)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, v128.eq<f32>(x, zero));
  return v128.or(y, v128.lt<f32>(x, zero));
}

/** ln (1 + e^x) = max(x, 0) + ln (1 + e^−|x|). */
@inline
export function softplus4(x: v128, t: usize): v128 {
  const e = expNotPositive4(v128.neg<f32>(v128.abs<f32>(x)), t);
  const u = v128.add<f32>(e, f32x4.splat(1));
  const added = v128.sub<f32>(u, f32x4.splat(1));
  // A factor restores what rounding 1 + e lost.
  const log = v128.div<f32>(v128.mul<f32>(log4(u), e), added);
  return v128.add<f32>(v128.pmax<f32>(x, f32x4.splat(0)), v128.bitselect(e, log, v128.eq<f32>(added, f32x4.splat(0))));
}
