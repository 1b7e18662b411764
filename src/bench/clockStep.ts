const STEPS = 8;
/** Coarser clocks than this are not waited for. */
const MOST_MS = 20;
const MOST_LOOKS = 1e6;

/**
 * The step of `performance.now()` in milliseconds, measured: the least that it was seen to move by. Browsers make it coarse
 * on purpose, more so on pages that are not isolated. Looks for 20 ms at most.
 */
export function clockStepMs(now: () => number = () => performance.now()): number {
  const startedAt = now();
  let [last, least, seen] = [startedAt, MOST_MS, 0];
  for (let look = 0; look < MOST_LOOKS && seen < STEPS; look++) {
    const time = now();
    if (time === last) continue;
    least = Math.min(least, time - last);
    seen++;
    if (time - startedAt > MOST_MS) break;
    last = time;
  }
  return least;
}
