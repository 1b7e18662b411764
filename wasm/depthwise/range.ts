// For which i ≥ 0 the position i · step − before is in [0, length).

/** The first such i. */
@inline
export function firstInside(before: i32, step: i32): i32 {
  return before <= 0 ? 0 : (before + step - 1) / step;
}

/** One more than the last such i; 0 if there is none. */
@inline
export function lastInside(length: i32, before: i32, step: i32): i32 {
  return length + before <= 0 ? 0 : (length + before - 1) / step + 1;
}
