import { afterMs, clockStepMs } from '../../core/timing.ts';

/** What the method knows of time. Tests give their own, on which no real time passes. */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Calls `then` after so many milliseconds, unless the function that it returns is called before. */
  after(ms: number, then: () => void): () => void;
  /** In which steps the clocks move with which subjects time their passes. */
  readonly stepMs: number;
}

/** The clock of this thread; that of its workers moves in the same steps. */
export function realClock(): Clock {
  return {
    now: () => performance.now(),
    after: afterMs,
    stepMs: clockStepMs(),
  };
}
