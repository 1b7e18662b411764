/**
 * What each optimizer does with four values, or with one at the end of a row (`isOne`), whose other lanes are zero and
 * stay so.
 */
import { DECOUPLED, EPSILON, FIRST_SCALE, gradientAt, plus, put, ROOT_SCALE, splat, take, times } from './table';

@inline
export function sgdAt(w: usize, g: usize, scale: v128, rate: v128, coupled: v128, isOne: bool): void {
  const weights = take(w, isOne);
  const gradient = gradientAt(g, scale, weights, coupled, isOne);
  put(w, v128.sub<f32>(weights, times(gradient, rate)), isOne);
}

@inline
export function momentumAt(
  w: usize, g: usize, a: usize, scale: v128, rate: v128, beta: v128, coupled: v128, looksAhead: bool, isOne: bool,
): void {
  const weights = take(w, isOne);
  const gradient = gradientAt(g, scale, weights, coupled, isOne);
  const sum = plus(times(take(a, isOne), beta), gradient);
  put(a, sum, isOne);
  const step = looksAhead ? plus(gradient, times(sum, beta)) : sum;
  put(w, v128.sub<f32>(weights, times(step, rate)), isOne);
}

@inline
export function adamAt(
  w: usize, g: usize, m: usize, v: usize, scale: v128, rate: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128,
  root: v128, epsilon: v128, coupled: v128, decay: v128, isOne: bool,
): void {
  const weights = take(w, isOne);
  const gradient = gradientAt(g, scale, weights, coupled, isOne);
  const first = plus(times(take(m, isOne), beta1), times(gradient, rest1));
  const second = plus(times(take(v, isOne), beta2), times(times(gradient, gradient), rest2));
  put(m, first, isOne);
  put(v, second, isOne);
  const direction = v128.div<f32>(first, plus(times(v128.sqrt<f32>(second), root), epsilon));
  put(w, v128.sub<f32>(weights, plus(times(direction, rate), times(weights, decay))), isOne);
}

@inline
export function momentsAt(
  g: usize, m: usize, v: usize, scale: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128, isOne: bool,
): void {
  const gradient = times(take(g, isOne), scale);
  put(m, plus(times(take(m, isOne), beta1), times(gradient, rest1)), isOne);
  put(v, plus(times(take(v, isOne), beta2), times(times(gradient, gradient), rest2)), isOne);
}

/** m̂ / (√v̂ + ε) + decay · w, from the new moments. The lanes beside a single value are zero. */
@inline
export function lambUpdate(args: usize, row: usize, weights: v128, m: usize, v: usize, isOne: bool): v128 {
  const first = times(take(m, isOne), splat(args, FIRST_SCALE));
  const root = plus(times(v128.sqrt<f32>(take(v, isOne)), splat(args, ROOT_SCALE)), splat(args, EPSILON));
  return plus(v128.div<f32>(first, root), times(weights, v128.load32_splat(row, DECOUPLED)));
}

@inline
export function lionAt(
  w: usize, g: usize, m: usize, scale: v128, rate: v128, beta1: v128, rest1: v128, beta2: v128, rest2: v128,
  decay: v128, isOne: bool,
): void {
  const weights = take(w, isOne);
  const gradient = times(take(g, isOne), scale);
  const moment = take(m, isOne);
  const direction = sign(plus(times(moment, beta1), times(gradient, rest1)));
  put(m, plus(times(moment, beta2), times(gradient, rest2)), isOne);
  put(w, v128.sub<f32>(weights, plus(times(direction, rate), times(weights, decay))), isOne);
}

/** 1, −1, or 0 for zero. */
@inline
function sign(x: v128): v128 {
  const one = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1));
  return v128.and(one, v128.ne<f32>(x, f32x4.splat(0)));
}
