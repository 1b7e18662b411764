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
/** A coarser clock is not waited for: some browsers, told to hide who they are, move it by 100 ms. */
const MOST_STEP_MS = 20;
const MOST_LOOKS = 1e6;

/** In which steps the clock moves, in milliseconds, 20 at most: browsers make it coarse, more so without cross-origin isolation. */
export function clockStepMs(now: () => number = () => performance.now()): number {
  const began = now();
  let step = MOST_STEP_MS;
  for (let last = began, changes = 0, look = 0; changes < CHANGES && look < MOST_LOOKS; look++) {
    const next = now();
    if (next === last) continue;
    step = Math.min(step, next - last);
    if (next - began > MOST_STEP_MS) break;
    last = next;
    changes++;
  }
  return step;
}

/** Calls `then` after so many milliseconds, unless the function that it returns is called before. */
export function afterMs(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}
