/** Short work that a long job does while it waits. */
export interface Asides {
  /** Does the work the next time the job waits. Throws what the work throws. */
  ask<T>(work: () => Promise<T>): Promise<T>;
  /** Whether a job accepts asides. */
  readonly isTaken: boolean;
  /** Accepts asides during a job; those that came after its last wait are done when it has ended. */
  takenBy<T>(job: () => Promise<T>): Promise<T>;
  /** Waits for `awaited` and does asides meanwhile. Gives or throws what `awaited` does. */
  during<T>(awaited: Promise<T>): Promise<T>;
}

export function makeAsides(): Asides {
  const asked: (() => Promise<void>)[] = [];
  let isTaken = false;
  let wake: () => void = () => undefined;
  /** Only those asked by now: a caller that asks again at once would keep the job from going on. */
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
