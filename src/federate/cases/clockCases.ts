// A clock that runs as fast as the work allows. Only tests import this file.
import type { Clock } from '../clock.ts';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Time that passes only when all work waits for it. What is measured with it does not depend on the machine. */
export interface VirtualClock extends Clock {
  /** Lets time pass until the work is done. Throws what the work throws, and if nothing happens for `mostMs`. */
  run<T>(work: Promise<T>, mostMs?: number): Promise<T>;
}

export function virtualClock(): VirtualClock {
  let now = 0;
  const sleepers = new Set<Sleeper>();
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const end = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const sleeper = { until: now + ms, wake: end };
        sleepers.add(sleeper);
        signal.addEventListener('abort', end);
      }),
    async run(work, mostMs = 1e9) {
      let isOver = false;
      const end = () => {
        isOver = true;
      };
      work.then(end, end);
      while (!isOver) {
        // All promises that can go on have done so after a turn of Node's loop.
        await new Promise((resolve) => setImmediate(resolve));
        if (isOver) break;
        const [next] = [...sleepers].sort((a, b) => a.until - b.until);
        if (next === undefined || now > mostMs) throw new Error(`nothing happens any more at ${now} ms`);
        now = Math.max(now, next.until);
        next.wake();
      }
      return work;
    },
  };
}
