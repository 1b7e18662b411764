/**
 * Milliseconds of a pass, `repeats` figures, one after the other, after some passes that warm up and do not count. A figure is one
 * pass, or the mean of `together` passes timed as one, where a pass is too short for the clock.
 */
export async function timePasses(pass: () => unknown, repeats: number, warmUps = 0, together = 1): Promise<number[]> {
  for (let i = 0; i < warmUps; i++) await pass();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const startedAt = performance.now();
    for (let j = 0; j < together; j++) await pass();
    times.push((performance.now() - startedAt) / together);
  }
  return times;
}

/** Changes of the clock that are looked at: a browser may blur single ones. */
const CHANGES = 8;

/** In which steps the clock moves, in milliseconds: browsers make it coarse, more so without cross-origin isolation. */
export function clockStepMs(now: () => number = () => performance.now()): number {
  let step = Number.POSITIVE_INFINITY;
  for (let i = 0, last = now(); i < CHANGES; i++) {
    let next = now();
    while (next === last) next = now();
    step = Math.min(step, next - last);
    last = next;
  }
  return step;
}
