// A worker as its page sees one, for tests of what is called in it. Only tests import this file.
import { expose } from 'comlink';
import { afterEach, vi } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { type HelloMessage, startHost } from './host.ts';

export interface Api {
  double(value: number): Promise<number>;
  hang(): Promise<number>;
  fail(): Promise<number>;
  /** Takes whatever holds something on the side where it comes from. */
  take(
    signal: AbortSignal,
    source: object,
    values: AsyncIterable<number>,
    end: 'well' | 'badly' | 'never',
  ): Promise<void>;
}

const api: Api = {
  double: async (value) => 2 * value,
  hang: () => new Promise(() => undefined),
  fail: async () => Promise.reject(new LimbeckError('not-finite', 'It became NaN.')),
  async take(_signal, _source, values, end) {
    for await (const _value of values) break;
    if (end === 'badly') throw new LimbeckError('internal', 'Torn.');
    if (end === 'never') await new Promise(() => undefined);
  },
};

/** What a page sees of a worker. Behind it a real message channel leads to the api. */
export class FakeWorker extends EventTarget {
  isTerminated = false;
  readonly #channel = new MessageChannel();

  /** `exposed` is what it has in place of the api. */
  constructor(
    readonly whenMade: (worker: FakeWorker) => void = (worker) => worker.greet(),
    exposed: object = api,
  ) {
    super();
    workers.push(this);
    expose(exposed, this.#channel.port2);
    this.#channel.port1.onmessage = ({ data }) => this.say(data);
    queueMicrotask(() => whenMade(this));
  }

  postMessage(message: unknown, transfer: Transferable[]) {
    this.#channel.port1.postMessage(message, transfer);
  }

  terminate() {
    this.isTerminated = true;
    this.#channel.port1.close();
  }

  say(data: unknown) {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }

  greet(lock?: string, serves?: readonly string[]) {
    this.say({ limbeck: 'ready', lock, ...(serves && { serves }) } satisfies HelloMessage);
  }

  throwError(message: string) {
    this.dispatchEvent(Object.assign(new Event('error'), { message }));
  }
}

const workers: FakeWorker[] = [];
afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

export function start(whenMade?: (worker: FakeWorker) => void) {
  const worker = new FakeWorker(whenMade);
  return { worker, starting: startHost<Api>(() => worker as unknown as Worker, 'engine') };
}

export async function started() {
  const { worker, starting } = start();
  return { worker, host: await starting };
}
