import { abortError } from '../core/errors.ts';

/** Time as one device sees it. No two devices need the same. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Resolves after so many milliseconds, or earlier when the signal aborts; it does not reject. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const deviceClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    }),
};

/** Waits until something is told, or some time has passed. */
export interface Waker {
  wake(): void;
  /** Returns at once if something was told since it last returned. Throws    AbortError */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function openWaker(clock: Clock): Waker {
  let isTold = false;
  let tell = () => {};
  return {
    wake() {
      isTold = true;
      tell();
    },
    async wait(ms, signal) {
      if (!isTold) {
        const over = new AbortController();
        const end = () => over.abort();
        signal.addEventListener('abort', end, { once: true });
        if (signal.aborted) end();
        tell = end;
        await clock.sleep(ms, over.signal);
        signal.removeEventListener('abort', end);
      }
      isTold = false;
      if (signal.aborted) throw abortError(signal.reason);
    },
  };
}
