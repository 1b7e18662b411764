import { throwIfAborted } from './errors.ts';
import { yieldToEvents } from './yield.ts';

/** Long enough to do some work, short enough that the page stays at 60 frames a second. */
const TURN_MS = 8;

/**
 * A function to await between pieces of work: it lets the page have a turn whenever enough time has passed.
 * Throws    AbortError: the signal was aborted
 */
export function takeTurns(signal?: AbortSignal): () => Promise<void> {
  let start = performance.now();
  return async () => {
    throwIfAborted(signal);
    if (performance.now() - start <= TURN_MS) return;
    await yieldToEvents();
    throwIfAborted(signal);
    start = performance.now();
  };
}
