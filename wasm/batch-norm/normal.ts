// What a batch normalisation computes of a value. Its gradient computes it again, to the bit, where an activation follows.
import { RELU6 } from '../activation';
import { multiplyAdd } from '../math';

/** (x − m) · factor + summand, of four columns. */
@inline
export function normal(x: v128, mean: v128, factor: v128, summand: v128): v128 {
  return multiplyAdd(v128.sub<f32>(x, mean), factor, summand);
}

/** The same of one column. Mean, factor and summand are `distance` bytes apart. */
@inline
export function normalOfOne(x: usize, mean: usize, distance: usize): f32 {
  return (load<f32>(x) - load<f32>(mean)) * load<f32>(mean + distance) + load<f32>(mean + distance * 2);
}

/** dy where an activation behind the normalisation passes it on, else 0. `distance` is x − m. */
@inline
export function masked(dy: v128, distance: v128, factor: v128, summand: v128, activation: i32): v128 {
  if (activation == 0) return dy;
  const y = multiplyAdd(distance, factor, summand);
  const isPositive = v128.gt<f32>(y, f32x4.splat(0));
  return v128.and(dy, activation == RELU6 ? v128.and(isPositive, v128.le<f32>(y, f32x4.splat(6))) : isPositive);
}

/** The same of one column; mean, factor and summand as for `normalOfOne`. */
export function maskedOne(x: usize, dy: usize, mean: usize, distance: usize, activation: i32): f32 {
  if (activation == 0) return load<f32>(dy);
  const y = normalOfOne(x, mean, distance);
  return y > 0 && !(activation == RELU6 && y > 6) ? load<f32>(dy) : 0;
}
