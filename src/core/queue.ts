import { abortError, throwIfAborted } from './errors.ts';

/**
 * Runs jobs one after the other, in the order in which they were asked for; a job that fails does not stop the next. A
 * job whose signal is aborted while it waits rejects at once and never starts.
 */
export type Queue = <T>(job: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function makeQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (job, signal) => {
    if (signal?.aborted) return Promise.reject(abortError(signal.reason));
    const waiting = new AbortController();
    const next = last.then(() => {
      waiting.abort();
      throwIfAborted(signal);
      return job();
    });
    last = next.catch(() => undefined);
    if (signal === undefined) return next;
    return new Promise((resolve, reject) => {
      next.then(resolve, reject);
      signal.addEventListener('abort', () => reject(abortError(signal.reason)), { once: true, signal: waiting.signal });
    });
  };
}
