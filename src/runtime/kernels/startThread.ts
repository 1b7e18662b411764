/** What a helper is told: to link the kernels to the shared memory, and then, once it is counted on, to work. */
export interface ThreadMessage {
  readonly link: { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory };
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
