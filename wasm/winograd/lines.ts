/**
 * The transforms of F(4, 3) along one axis, on four channels at once. The points are 0, ±3/4, ±3/2 and ∞: of sets with this
 * symmetry, which halves the work, the one with the smallest errors (NOTES.md). The names of the matrices are Lavin and Gray's.
 */
import { multiplyAdd } from '../math';

const P: f32 = 0.75;
const P2: f32 = P * P;
const P3: f32 = P * P2;
const P4: f32 = P2 * P2;
/** What G divides by at 0, ±3/4 and ±3/2: the products of a point's differences from the others. */
const AT_ZERO: f32 = 1.0 / (4 * P4);
const LOW: f32 = -1.0 / (6 * P4);
const HIGH: f32 = 1.0 / (24 * P4);

/** Bᵀ: six inputs of a tile into six points. */
@inline
export function inputLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from);
  from += step;
  const d1 = v128.load(from);
  from += step;
  const d2 = v128.load(from);
  from += step;
  const d3 = v128.load(from);
  from += step;
  const d4 = v128.load(from);
  const d5 = v128.load(from + step);
  v128.store(to, multiplyAdd(d0, f32x4.splat(4 * P4), multiplyAdd(d2, f32x4.splat(-5 * P2), d4)));
  to += toStep;
  let even = multiplyAdd(d2, f32x4.splat(-4 * P2), d4);
  let odd = multiplyAdd(d1, f32x4.splat(-4 * P2), d3);
  v128.store(to, multiplyAdd(odd, f32x4.splat(P), even));
  to += toStep;
  v128.store(to, multiplyAdd(odd, f32x4.splat(-P), even));
  to += toStep;
  even = multiplyAdd(d2, f32x4.splat(-P2), d4);
  odd = multiplyAdd(d1, f32x4.splat(-P2), d3);
  v128.store(to, multiplyAdd(odd, f32x4.splat(2 * P), even));
  to += toStep;
  v128.store(to, multiplyAdd(odd, f32x4.splat(-2 * P), even));
  v128.store(to + toStep, multiplyAdd(d1, f32x4.splat(4 * P4), multiplyAdd(d3, f32x4.splat(-5 * P2), d5)));
}

/** G: three taps of a filter into six points. */
@inline
export function filterLine(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  v128.store(to, v128.mul<f32>(g0, f32x4.splat(AT_ZERO)));
  to += step;
  const outer = multiplyAdd(g2, f32x4.splat(P2), g0);
  const inner = v128.mul<f32>(g1, f32x4.splat(P));
  const low = f32x4.splat(LOW);
  v128.store(to, v128.mul<f32>(v128.add<f32>(outer, inner), low));
  to += step;
  v128.store(to, v128.mul<f32>(v128.sub<f32>(outer, inner), low));
  to += step;
  const wide = multiplyAdd(g2, f32x4.splat(4 * P2), g0);
  const twice = v128.add<f32>(inner, inner);
  const high = f32x4.splat(HIGH);
  v128.store(to, v128.mul<f32>(v128.add<f32>(wide, twice), high));
  to += step;
  v128.store(to, v128.mul<f32>(v128.sub<f32>(wide, twice), high));
  v128.store(to + step, g2);
}

/** Aᵀ: of six points, four outputs. `low` and `high` are sums of a pair of points, ±3/4 and ±3/2, or differences for odd powers. */
@inline
export function output1(low: v128, high: v128): v128 {
  return multiplyAdd(high, f32x4.splat(2 * P), v128.mul<f32>(low, f32x4.splat(P)));
}

@inline
export function output2(low: v128, high: v128): v128 {
  return multiplyAdd(high, f32x4.splat(4 * P2), v128.mul<f32>(low, f32x4.splat(P2)));
}

@inline
export function output3(low: v128, high: v128, last: v128): v128 {
  return multiplyAdd(high, f32x4.splat(8 * P3), multiplyAdd(low, f32x4.splat(P3), last));
}

/** A: four values of an output's gradient into six points. */
@inline
export function gradientLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const y0 = v128.load(from);
  from += step;
  const y1 = v128.load(from);
  from += step;
  const y2 = v128.load(from);
  const y3 = v128.load(from + step);
  v128.store(to, y0);
  to += toStep;
  let even = multiplyAdd(y2, f32x4.splat(P2), y0);
  let odd = multiplyAdd(y3, f32x4.splat(P3), v128.mul<f32>(y1, f32x4.splat(P)));
  v128.store(to, v128.add<f32>(even, odd));
  to += toStep;
  v128.store(to, v128.sub<f32>(even, odd));
  to += toStep;
  even = multiplyAdd(y2, f32x4.splat(4 * P2), y0);
  odd = multiplyAdd(y3, f32x4.splat(8 * P3), v128.mul<f32>(y1, f32x4.splat(2 * P)));
  v128.store(to, v128.add<f32>(even, odd));
  to += toStep;
  v128.store(to, v128.sub<f32>(even, odd));
  v128.store(to + toStep, y3);
}

/** Gᵀ: six points of a filter's gradient into three taps. */
@inline
export function filterGradientLine(from: usize, step: usize, to: usize, toStep: usize): void {
  const m0 = v128.load(from);
  const m1 = v128.load(from + step);
  const m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step);
  const m4 = v128.load(from + 4 * step);
  const m5 = v128.load(from + 5 * step);
  const low = v128.mul<f32>(v128.add<f32>(m1, m2), f32x4.splat(LOW));
  const high = v128.mul<f32>(v128.add<f32>(m3, m4), f32x4.splat(HIGH));
  const lowOdd = v128.mul<f32>(v128.sub<f32>(m1, m2), f32x4.splat(LOW * P));
  v128.store(to, multiplyAdd(m0, f32x4.splat(AT_ZERO), v128.add<f32>(low, high)));
  v128.store(to + toStep, multiplyAdd(v128.sub<f32>(m3, m4), f32x4.splat(HIGH * 2 * P), lowOdd));
  v128.store(to + 2 * toStep, multiplyAdd(high, f32x4.splat(4 * P2), multiplyAdd(low, f32x4.splat(P2), m5)));
}
