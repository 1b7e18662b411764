import { expose } from 'comlink';
import { expect, test, vi } from 'vitest';
import type { HelloMessage } from '../../workers/host.ts';
import type { OnnxSession } from './sessionSettings.ts';
import { startSession } from './sessionStart.ts';

/** As much of a worker as a session uses: its messages, and its end. */
class SessionWorker extends EventTarget {
  static readonly seen: string[] = [];
  readonly #channel = new MessageChannel();

  constructor(onnx: Pick<OnnxSession, 'close'>) {
    super();
    expose({ onnx }, this.#channel.port2);
    this.#channel.port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }));
    const hello: HelloMessage = { limbeck: 'ready', lock: undefined };
    queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data: hello })));
  }

  postMessage(message: unknown, transfer: Transferable[]) {
    this.#channel.port1.postMessage(message, transfer);
  }

  terminate() {
    SessionWorker.seen.push('terminated');
    this.#channel.port1.close();
  }
}

test('a session sends away what it started before its worker ends', async () => {
  const close = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    SessionWorker.seen.push('closed');
  };
  const session = await startSession(() => new SessionWorker({ close }) as unknown as Worker);
  await session[Symbol.asyncDispose]();
  await vi.waitFor(() => expect(SessionWorker.seen.slice(0, 2)).toEqual(['closed', 'terminated']));
});
