import { loadTail, storeTail } from '../math';
import { sigmoid4 } from '../mathTable';

/** The recurrent activation: sigmoid, or tfjs-layers' hardSigmoid, 0.2 x + 0.5 clipped to [0, 1]. NaN stays NaN. */
@inline
export function gate(x: v128, isHard: bool, table: usize): v128 {
  if (!isHard) return sigmoid4(x, table);
  const y = v128.add<f32>(v128.mul<f32>(x, f32x4.splat(0.2)), f32x4.splat(0.5));
  return v128.pmin<f32>(v128.pmax<f32>(y, f32x4.splat(0)), f32x4.splat(1));
}

/** The derivative of a gate, from its value; at the two corners of hardSigmoid it is zero. */
@inline
export function gateSlope(value: v128, isHard: bool): v128 {
  if (!isHard) return v128.mul<f32>(value, v128.sub<f32>(f32x4.splat(1), value));
  const isInside = v128.and(v128.gt<f32>(value, f32x4.splat(0)), v128.lt<f32>(value, f32x4.splat(1)));
  return v128.and(isInside, f32x4.splat(0.2));
}

/** The derivative of tanh, from its value. */
@inline
export function tanhSlope(value: v128): v128 {
  return v128.sub<f32>(f32x4.splat(1), v128.mul<f32>(value, value));
}

/** The first `count` (at most four) values at an address; nothing beyond is read. */
@inline
export function loadUpTo(at: usize, count: i32): v128 {
  return count >= 4 ? v128.load(at) : loadEdge(at, count);
}

/** Stores the first `count` values, or four. */
@inline
export function storeUpTo(at: usize, x: v128, count: i32): void {
  if (count >= 4) v128.store(at, x);
  else storeEdge(at, x, count);
}

function loadEdge(at: usize, count: i32): v128 {
  return loadTail(at, count, 0);
}

function storeEdge(at: usize, x: v128, count: i32): void {
  storeTail(at, x, count);
}
