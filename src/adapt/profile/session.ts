import { isAbortError, LimbeckError } from '../../core/errors.ts';
import { makeUnderway } from '../../core/underway.ts';
import type { ProfileEvent } from './profile.ts';

/** The life of an open profile: who listens, what is running, and how it ends. */
export interface Session {
  readonly notices: readonly string[];
  tell(event: ProfileEvent): void;
  notice(sentence: string): void;
  watch(listener: (event: ProfileEvent) => void): () => void;
  /** Throws    disposed */
  check(): void;
  /** Work that disposal waits for. Throws    disposed */
  perform<T>(work: () => Promise<T>): Promise<T>;
  /** Work that disposal ends, as `signal` does. Throws    disposed, also where disposal ended it · AbortError */
  cancellable<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** The profile was destroyed. */
  end(): void;
  readonly isOver: boolean;
  /** Ends what can be cancelled, waits for the rest, then does `last`; twice is once. */
  close(last: () => Promise<void>): Promise<void>;
}

export function openSession(name: string): Session {
  const notices: string[] = [];
  const listeners = new Set<(event: ProfileEvent) => void>();
  const underway = makeUnderway(over);
  const controllers = new Set<AbortController>();
  let isDestroyed = false;

  const tell = (event: ProfileEvent) => {
    for (const listener of listeners) listener(event);
  };

  function over(): LimbeckError {
    const ended = isDestroyed ? 'destroyed, perhaps in another tab' : 'disposed';
    return new LimbeckError('disposed', `The profile "${name}" was ${ended}; open it again with openProfile.`, {
      details: { name },
    });
  }

  function check(): void {
    if (underway.isClosing || isDestroyed) throw over();
  }

  async function perform<T>(work: () => Promise<T>): Promise<T> {
    check();
    return underway.perform(work);
  }

  async function cancellable<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const controller = new AbortController();
    const follow = () => controller.abort(signal?.reason);
    if (signal?.aborted) follow();
    signal?.addEventListener('abort', follow, { once: true });
    controllers.add(controller);
    try {
      return await perform(() => work(controller.signal));
    } catch (error) {
      // The caller cancelled nothing: the profile is gone.
      if (!signal?.aborted && isAbortError(error)) check();
      throw error;
    } finally {
      controllers.delete(controller);
      signal?.removeEventListener('abort', follow);
    }
  }

  function cancelAll(): void {
    for (const controller of controllers) controller.abort();
  }

  return {
    notices,
    tell,
    notice(message) {
      if (notices.includes(message)) return;
      notices.push(message);
      tell({ type: 'notice', message });
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    check,
    perform,
    cancellable,
    end() {
      if (isDestroyed) return;
      isDestroyed = true;
      cancelAll();
      if (!underway.isClosing) tell({ type: 'destroyed' });
    },
    get isOver() {
      return underway.isClosing || isDestroyed;
    },
    close(last) {
      if (!underway.isClosing) cancelAll();
      return underway.close(last);
    },
  };
}
