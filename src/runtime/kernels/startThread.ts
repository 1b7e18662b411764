import { filePath } from '../../core/node.ts';
import { type KeepingWorker, startNodeThread } from '../../core/nodeThread.ts';

/** Messages to a helper: link the kernels to the shared memory, and then, once the pool counts on it, work. */
export interface ThreadMessage {
  readonly link: {
    readonly module: WebAssembly.Module;
    readonly memory: WebAssembly.Memory;
    /** The name of the lock that it holds from before it says 'linked' until it ends. */
    readonly lock?: string | undefined;
  };
  readonly work: { readonly control: number; readonly scratch: number; readonly part: number };
}

export type ThreadAnswer = 'alive' | 'linked' | 'failed';

/** A start takes a fraction of a second, or a few seconds on a very busy machine. */
const START_MS = 12_000;

/**
 * A worker of the threads file, once it has said `awaited`; undefined if it does not in time. A policy may forbid it,
 * by an exception or an error event. A late worker is never used.
 */
export function startThread(
  script: string,
  awaited: ThreadAnswer,
  link?: ThreadMessage['link'],
): Promise<Worker | undefined> {
  return new Promise((resolve) => {
    let worker: KeepingWorker | undefined;
    const settle = (isStarted: boolean) => {
      clearTimeout(timer);
      if (!isStarted) worker?.terminate();
      // A helper that sleeps does not keep the process.
      worker?.unref?.();
      resolve(isStarted ? worker : undefined);
    };
    const timer = setTimeout(settle, START_MS, false);
    try {
      const isFile = filePath(script) !== undefined;
      worker = isFile ? startNodeThread(script) : new Worker(script, { name: 'limbeck-thread' });
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

/** Chromium gives a sleeping thread two seconds before it ends it. */
const END_MS = 5000;
/** A lock is released a moment before its thread is gone. */
const AFTERWARDS_MS = 20;

/** A name for a thread's lock, if there are locks. */
export function makeThreadLock(): string | undefined {
  return globalThis.navigator?.locks === undefined ? undefined : `limbeck-thread-${crypto.randomUUID()}`;
}

/** Calls back once a thread that has started is gone, however it ended; never where there are no locks. */
export function onGone(lock: string | undefined, act: () => void): void {
  if (lock !== undefined) navigator.locks.request(lock, act).catch(() => undefined);
}

/**
 * Resolves when these threads are gone, or after some seconds. If a worker ends before the threads that it started,
 * Chromium keeps it, with its heap and threads, as long as the page lives.
 */
export async function whenGone(locks: readonly (string | undefined)[]): Promise<void> {
  const signal = AbortSignal.timeout(END_MS);
  const isGone = (lock: string | undefined) =>
    lock === undefined ? undefined : navigator.locks.request(lock, { signal }, () => undefined).catch(() => undefined);
  await Promise.all(locks.map(isGone));
  if (locks.length > 0) await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
}
