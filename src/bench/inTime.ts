import { abortError } from '../core/errors.ts';
import { duration } from '../core/figures.ts';

interface Limit {
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
  /** Ends what hangs. */
  onLate(): void;
}

/** The work's result. Throws    Error: it was late and was ended · AbortError · what the work throws */
export function inTime<T>(work: Promise<T>, { ms, signal, onLate }: Limit): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortError(signal?.reason));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    const timer = setTimeout(() => {
      reject(new Error(`It gave no answer for ${duration(ms)} and was ended.`));
      onLate();
    }, ms);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    });
  });
}
