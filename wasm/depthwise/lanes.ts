// Vectors of up to four channels. With a constant 4 the compiler keeps the plain load and store only.

/** Reads `lanes` values; the others are zero, and nothing after the values is read. */
@inline
export function loadLanes(at: usize, lanes: i32): v128 {
  if (lanes == 4) return v128.load(at);
  if (lanes == 1) return v128.load32_zero(at);
  const pair = v128.load64_zero(at);
  return lanes == 2 ? pair : v128.load_lane<f32>(at + 8, pair, 2);
}

@inline
export function storeLanes(at: usize, value: v128, lanes: i32): void {
  if (lanes == 4) {
    v128.store(at, value);
  } else if (lanes == 1) {
    v128.store_lane<f32>(at, value, 0);
  } else {
    v128.store_lane<i64>(at, value, 0);
    if (lanes == 3) v128.store_lane<f32>(at + 8, value, 2);
  }
}
