/** Sums of squares in float64, over lanes in an order that depends on the length of a row alone. */
@inline
export function addSquares(sum: v128, x: v128): v128 {
  const low = v128.promote_low<f32>(x);
  const high = v128.promote_low<f32>(v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return v128.add<f64>(sum, v128.add<f64>(v128.mul<f64>(low, low), v128.mul<f64>(high, high)));
}
@inline
export function total(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
