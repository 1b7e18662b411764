// The most multiply-adds a core does: twelve independent chains of four lanes, all in registers.

@inline
function multiplyAdd(a: v128, b: v128, sum: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, sum);
  return v128.add<f32>(v128.mul<f32>(a, b), sum);
}

/** Runs `rounds` × 96 multiply-adds; the result depends on all of them, so none is left out. */
export function multiplyAdds(rounds: i32, x: f32): f32 {
  const a = f32x4.splat(x);
  const b = f32x4.splat(1 - x);
  let c0 = a, c1 = b, c2 = a, c3 = b, c4 = a, c5 = b, c6 = a, c7 = b, c8 = a, c9 = b, c10 = a, c11 = b;
  for (let i = 0; i < rounds; i++) {
    for (let half = 0; half < 2; half++) {
      c0 = multiplyAdd(c0, a, b);
      c1 = multiplyAdd(c1, a, b);
      c2 = multiplyAdd(c2, a, b);
      c3 = multiplyAdd(c3, a, b);
      c4 = multiplyAdd(c4, a, b);
      c5 = multiplyAdd(c5, a, b);
      c6 = multiplyAdd(c6, a, b);
      c7 = multiplyAdd(c7, a, b);
      c8 = multiplyAdd(c8, a, b);
      c9 = multiplyAdd(c9, a, b);
      c10 = multiplyAdd(c10, a, b);
      c11 = multiplyAdd(c11, a, b);
    }
  }
  let sum = v128.add<f32>(v128.add<f32>(v128.add<f32>(c0, c1), v128.add<f32>(c2, c3)), v128.add<f32>(c4, c5));
  sum = v128.add<f32>(sum, v128.add<f32>(v128.add<f32>(c6, c7), v128.add<f32>(c8, c9)));
  sum = v128.add<f32>(sum, v128.add<f32>(c10, c11));
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3);
}
