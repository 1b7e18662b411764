import { abortError, throwIfAborted } from '../core/errors.ts';
import { duration } from '../core/figures.ts';
import { afterMs } from '../core/timing.ts';
import type { Clock } from './method/clock.ts';

interface Limit {
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
  /** Ends what hangs, if the work does not end by its own signal. */
  readonly onLate?: () => void;
  /** Default: `setTimeout`. */
  readonly after?: Clock['after'];
}

/**
 * The work's result. Work that is a function gets a signal, which comes when it is late or cancelled.
 * Throws    Error: it was late and was ended · AbortError · what the work throws
 */
export function inTime<T>(
  work: T | Promise<T> | ((signal: AbortSignal) => Promise<T>),
  { ms, signal, onLate, after = afterMs }: Limit,
): Promise<T> {
  const own = new AbortController();
  return new Promise((resolve, reject) => {
    const stop = () => {
      reject(abortError(signal?.reason));
      own.abort(signal?.reason);
    };
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    const cancel = after(ms, () => {
      reject(new Error(`It gave no answer for ${duration(ms)} and was ended.`));
      own.abort();
      onLate?.();
    });
    const begun = async () => {
      throwIfAborted(signal);
      return (work as (signal: AbortSignal) => Promise<T>)(own.signal);
    };
    (typeof work === 'function' ? begun() : Promise.resolve(work)).then(resolve, reject).finally(() => {
      cancel();
      signal?.removeEventListener('abort', stop);
    });
  });
}
