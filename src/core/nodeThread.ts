// Threads of Node, Bun and Deno as workers of the web.
import { messageOf } from './errors.ts';
import { nodeModule } from './node.ts';

/** A `Worker` of `node:worker_threads`, as far as it is used. */
export interface NodeThread {
  postMessage(message: unknown, transfer?: readonly never[]): void;
  on(event: string, listener: (value: unknown) => void): unknown;
  terminate(): unknown;
  ref(): void;
  unref(): void;
}

/** A worker that, in Node, can keep the process alive or let it end. */
export type KeepingWorker = Worker & Partial<Pick<NodeThread, 'ref' | 'unref'>>;

type Handlers = Partial<Record<string, (event: Event) => void>>;

/** Starts a file in a thread of its own, without the switches of the program: `--input-type` would end it. Throws outside Node. */
export function startNodeThread(file: string): KeepingWorker {
  const threads = nodeModule<typeof import('node:worker_threads')>('worker_threads');
  if (threads === undefined) throw new Error('there are no threads of Node here');
  return asWebWorker(new threads.Worker(new URL(file), { execArgv: [] }));
}

/** A thread with the interface of a web worker. One that ends by itself has an `error` event, whatever the reason. */
export function asWebWorker(thread: NodeThread): KeepingWorker {
  const target = new EventTarget();
  const tell = (type: 'message' | 'messageerror' | 'error', more: object) => {
    const event = Object.assign(new Event(type), more);
    target.dispatchEvent(event);
    (worker as object as Handlers)[`on${type}`]?.(event);
  };
  let isTerminated = false;
  thread.on('message', (data) => tell('message', { data }));
  thread.on('messageerror', () => tell('messageerror', {}));
  thread.on('error', (error) => tell('error', { message: messageOf(error) }));
  thread.on('exit', (code) => {
    if (!isTerminated) tell('error', { message: `its thread ended with exit code ${code}` });
  });
  const worker = {
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
    postMessage: (message: unknown, transfer?: readonly never[]) => thread.postMessage(message, transfer),
    terminate() {
      isTerminated = true;
      void thread.terminate();
    },
    ref: () => thread.ref(),
    unref: () => thread.unref(),
  };
  return worker as unknown as KeepingWorker;
}
