import { throwIfAborted } from './errors.ts';

/** Runs jobs one after the other, in the order they were asked for; a job that fails does not stop the next. */
export type Queue = <T>(job: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function makeQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (job, signal) => {
    const next = last.then(() => {
      throwIfAborted(signal);
      return job();
    });
    last = next.catch(() => undefined);
    return next;
  };
}
