/** What a helper is told: to link the kernels to the shared memory, and then, once it is counted on, to work. */
export interface ThreadMessage {
  readonly link: {
    readonly module: WebAssembly.Module;
    readonly memory: WebAssembly.Memory;
    /** The name of the lock that it holds for as long as it lives, before it says 'linked': whoever computes counts on it then. */
    readonly lock?: string | undefined;
  };
  readonly work: { readonly control: number; readonly scratch: number; readonly part: number };
}

export type ThreadAnswer = 'alive' | 'linked' | 'failed';

/** A start takes a fraction of a second; on a very busy machine a few. */
const START_MS = 12_000;

/**
 * A worker of the threads file, once it has said `awaited`; undefined where it does not, in time or at all. A policy may
 * forbid it, by an exception or by an error event. One that was late never gets to work.
 */
export function startThread(
  script: string,
  awaited: ThreadAnswer,
  link?: ThreadMessage['link'],
): Promise<Worker | undefined> {
  return new Promise((resolve) => {
    let worker: Worker | undefined;
    const settle = (isStarted: boolean) => {
      clearTimeout(timer);
      if (!isStarted) worker?.terminate();
      resolve(isStarted ? worker : undefined);
    };
    const timer = setTimeout(settle, START_MS, false);
    try {
      worker = new Worker(script, { name: 'limbeck-thread' });
      worker.onmessage = ({ data }: MessageEvent<{ thread?: ThreadAnswer }>) => {
        if (data.thread === awaited || data.thread === 'failed') settle(data.thread === awaited);
      };
      worker.onerror = () => settle(false);
      if (link !== undefined) worker.postMessage({ link } satisfies Partial<ThreadMessage>);
    } catch {
      settle(false);
    }
  });
}

/** A thread that sleeps is given two seconds by Chromium before it is ended. */
const END_MS = 5000;
/** A lock is free a moment before its thread is. */
const AFTERWARDS_MS = 20;

/** A name for a thread's lock, where there are locks. */
export function makeThreadLock(): string | undefined {
  return globalThis.navigator?.locks === undefined ? undefined : `limbeck-thread-${crypto.randomUUID()}`;
}

/**
 * Resolves when these threads are gone, or after some seconds. Chromium keeps a worker for as long as its page lives, with its
 * heap and its threads, when it is ended while threads that it started are still on their way out.
 */
export async function whenGone(locks: readonly (string | undefined)[]): Promise<void> {
  const signal = AbortSignal.timeout(END_MS);
  const isGone = (lock: string | undefined) =>
    lock === undefined ? undefined : navigator.locks.request(lock, { signal }, () => undefined).catch(() => undefined);
  await Promise.all(locks.map(isGone));
  if (locks.length > 0) await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
}
