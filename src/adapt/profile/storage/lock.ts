import { abortError, throwIfAborted, untilAborted } from '../../../core/errors.ts';
import { makeQueue, type Queue } from '../../../core/queue.ts';

const queues = new Map<string, { readonly inTurn: Queue; waiting: number }>();

/**
 * Does work while no other tab or worker of this origin does work of the same name. A holder that dies gives the lock back.
 * Without Web Locks (in an insecure page), only this thread takes turns: two tabs that learn at once then both do the work,
 * the later one decides which version is current, and no example is lost.
 * Throws    AbortError: the signal was aborted while it waited
 */
export async function exclusively<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  throwIfAborted(signal);
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return inTurn(name, work, signal);
  let isWorking = false;
  const begin = () => {
    isWorking = true;
    return work();
  };
  try {
    const held: Promise<unknown> = locks.request(name, { signal }, begin);
    return (await held) as T;
  } catch (error) {
    throw !isWorking && signal?.aborted ? abortError(signal.reason) : error;
  }
}

/** The same if no one does such work now; otherwise undefined, at once. */
export async function exclusivelyIfFree<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return queues.has(name) ? undefined : inTurn(name, work);
  const held: Promise<unknown> = locks.request(name, { ifAvailable: true }, async (lock) =>
    lock === null ? undefined : work(),
  );
  return (await held) as T | undefined;
}

async function inTurn<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const queue = queues.get(name) ?? { inTurn: makeQueue(), waiting: 0 };
  queues.set(name, queue);
  queue.waiting++;
  let isWorking = false;
  const done = queue
    .inTurn(() => {
      isWorking = true;
      return work();
    }, signal)
    .finally(() => {
      if (--queue.waiting === 0) queues.delete(name);
    });
  // Waiting may end at once; running work ends by itself.
  return untilAborted(done, signal).catch((error) => {
    if (isWorking) return done;
    done.catch(() => undefined);
    throw error;
  });
}
