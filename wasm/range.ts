/** Values are distributed to the parts of a job by sixteens, a cache line, so that no two threads share one. */
const UNIT: i32 = 16;

@inline
export function rangeStart(count: i32, part: i32, parts: i32): i32 {
  const units = (count + UNIT - 1) / UNIT;
  return min(count, <i32>((<i64>units * part) / parts) * UNIT);
}

/** The first of `count` rows that part `part` does; the next part's first is where it ends. */
@inline
export function rowStart(count: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>count * part) / parts);
}
