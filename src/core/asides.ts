/** Short work that a long job lets in where it rests. */
export interface Asides {
  /** Does the work where the job rests next. Throws what the work throws. */
  ask<T>(work: () => Promise<T>): Promise<T>;
  /** Whether a job takes them. */
  readonly isTaken: boolean;
  /** Takes them for the time of a job; those that came too late for a rest are done when it has ended. */
  takenBy<T>(job: () => Promise<T>): Promise<T>;
  /** The job rests until `awaited` is there, and does what is asked meanwhile. Gives or throws what `awaited` does. */
  during<T>(awaited: Promise<T>): Promise<T>;
}

export function makeAsides(): Asides {
  const asked: (() => Promise<void>)[] = [];
  let isTaken = false;
  let wake: () => void = () => undefined;
  /** Those that are asked by now: whoever asks again at once would keep the job from going on. */
  const doAsked = async () => {
    for (const next of asked.splice(0)) await next();
  };
  return {
    get isTaken() {
      return isTaken;
    },
    ask: (work) =>
      new Promise((resolve, reject) => {
        asked.push(() => work().then(resolve, reject));
        wake();
      }),
    async takenBy(job) {
      isTaken = true;
      try {
        return await job();
      } finally {
        isTaken = false;
        await doAsked();
      }
    },
    async during(awaited) {
      let isThere = false;
      const settle = () => {
        isThere = true;
        wake();
      };
      awaited.then(settle, settle);
      while (!isThere) {
        await doAsked();
        if (isThere) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (asked.length > 0) resolve();
        });
      }
      return awaited;
    },
  };
}
