import type { Host } from './host.ts';

/**
 * More than a worker waits for the threads that it started (END_MS of runtime/kernels/startThread.ts), which Chromium gives two
 * seconds where they sleep. Ended from outside before they are gone it stays behind in Chromium, and WebKit never frees their
 * shared memory (it has room for 15).
 */
export const CLOSE_MS = 8000;

/** Lets a worker send away what it started, by `close`, and ends it then, or when it is late. */
export async function endWorker<Api>(host: Host<Api>, close: (api: Api) => Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([host.call(close).catch(() => undefined), late]);
  clearTimeout(timer);
  await host[Symbol.asyncDispose]();
}
