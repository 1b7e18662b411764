import { LimbeckError } from '../core/errors.ts';

/** Runs that end by their caller's signal, or when their engine closes. */
export interface ClosableRuns {
  /** Throws what the run throws · disposed: they were closed */
  run<T extends { readonly error?: unknown }>(signal: AbortSignal, run: (own: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends runs that are active or waiting, like a cancellation: they keep what they learned so far. */
  close(): void;
}

export function makeClosableRuns(): ClosableRuns {
  const open = new Set<AbortController>();
  return {
    async run(signal, run) {
      const own = new AbortController();
      const stop = () => own.abort(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      open.add(own);
      const whyEnded = (error: unknown) => (own.signal.aborted && !signal.aborted ? own.signal.reason : error);
      try {
        const outcome = await run(own.signal);
        return outcome.error === undefined ? outcome : { ...outcome, error: whyEnded(outcome.error) };
      } catch (error) {
        throw whyEnded(error);
      } finally {
        signal.removeEventListener('abort', stop);
        open.delete(own);
      }
    },
    close() {
      const closed = new LimbeckError('disposed', 'The trainer was disposed while it worked.');
      for (const one of open) one.abort(closed);
    },
  };
}
