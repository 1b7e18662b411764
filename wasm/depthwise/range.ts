// For which i ≥ 0 a position i · step − before lies inside [0, length).

/** The first such i. */
@inline
export function firstInside(before: i32, step: i32): i32 {
  return before <= 0 ? 0 : (before + step - 1) / step;
}

/** One more than the last such i; 0 where there is none. */
@inline
export function lastInside(length: i32, before: i32, step: i32): i32 {
  return length + before <= 0 ? 0 : (length + before - 1) / step + 1;
}
