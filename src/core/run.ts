import { abortError, throwIfAborted } from './errors.ts';

/**
 * Any long job. It starts at once; iterate it for progress, await `done` for the result.
 * Each iteration sees every event from the start (the newest 4,096 are kept), ends when the job ends,
 * and throws what the job threw.
 */
export interface Run<Result, Event> extends AsyncIterable<Event> {
  readonly done: Promise<Result>;
  /** Stops the job: `done` rejects with an `AbortError`, and what the job held is freed. */
  cancel(reason?: unknown): void;
}

const KEPT_EVENTS = 4096;

/** Starts `job` in the next microtask and gives it a way to report events and a signal that ends it. */
export function startRun<Result, Event>(
  job: (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Run<Result, Event> {
  const controller = new AbortController();
  const events: Event[] = [];
  let dropped = 0;
  let isOver = false;
  let waiting: (() => void)[] = [];

  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  };
  const emit = (event: Event) => {
    events.push(event);
    if (events.length > KEPT_EVENTS) {
      events.shift();
      dropped++;
    }
    wake();
  };
  const follow = () => controller.abort(signal?.reason);
  if (signal?.aborted) follow();
  else signal?.addEventListener('abort', follow, { once: true });

  const done: Promise<Result> = Promise.resolve()
    .then((): Promise<Result> => {
      throwIfAborted(controller.signal);
      return job(emit, controller.signal);
    })
    .catch((error: unknown): never => {
      throw controller.signal.aborted ? abortError(controller.signal.reason) : error;
    })
    .finally(() => {
      signal?.removeEventListener('abort', follow);
      isOver = true;
      wake();
    });
  // A run that is only iterated must not raise an unhandled rejection: the iteration throws the same error.
  done.catch(() => undefined);

  async function* iterate(): AsyncGenerator<Event, void, void> {
    for (let next = 0; ; ) {
      next = Math.max(next, dropped);
      const event = events[next - dropped];
      if (event !== undefined) {
        next++;
        yield event;
      } else if (isOver) {
        await done;
        return;
      } else {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    }
  }

  return { done, cancel: (reason) => controller.abort(reason), [Symbol.asyncIterator]: iterate };
}
