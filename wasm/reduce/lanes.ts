// Arithmetic of four floats that the reductions and the normalisations share.

/** The first two floats as doubles. */
@inline
export function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** The last two floats as doubles. */
@inline
export function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<u64>(x, x, 1, 0));
}

/** Adds four floats to four doubles in memory. */
@inline
export function addWide(target: usize, x: v128): void {
  v128.store(target, v128.add<f64>(v128.load(target), low(x)));
  v128.store(target, v128.add<f64>(v128.load(target, 16), high(x)), 16);
}

@inline
export function sumOfLanes(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}
