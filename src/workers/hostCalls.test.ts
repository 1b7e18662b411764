import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { serve } from './serve.ts';
import { callable } from './transfer.ts';
import { type FakeWorker, started } from './workerCases.ts';

describe('what a call holds on this side', () => {
  /** Calls with a signal, a callable and an iterable, and counts what is left of them. */
  async function leftAfter(end: 'well' | 'badly' | 'never', stop: (worker: FakeWorker) => void = () => undefined) {
    const { worker, host } = await started();
    const open = new Set<MessagePort>();
    class CountedChannel extends MessageChannel {
      constructor() {
        super();
        open.add(this.port1);
        this.port1.addEventListener('close', () => open.delete(this.port1));
      }
    }
    vi.stubGlobal('MessageChannel', CountedChannel);
    const { signal } = new AbortController();
    let [begun, left] = [0, 0];
    async function* values() {
      begun++;
      try {
        yield 1;
      } finally {
        left++;
      }
    }
    for (let i = 0; i < 20; i++) {
      const source = callable({ read: async () => 1 });
      const call = host.call((remote) => remote.take(signal, source, values(), end)).catch(() => undefined);
      if (i === 0) expect(getEventListeners(signal, 'abort').length).toBe(1);
      if (end === 'never') await expect.poll(() => begun).toBe(1);
      stop(worker);
      await call;
      if (end === 'never') break;
    }
    await expect.poll(() => open.size).toBe(0);
    expect(getEventListeners(signal, 'abort').length).toBe(0);
    return begun - left;
  }

  test('is gone when it is answered, with whatever the signal goes on to live', async () => {
    expect(await leftAfter('well')).toBe(0);
  });

  test('is gone when it fails', async () => {
    expect(await leftAfter('badly')).toBe(0);
  });

  test('is gone when the worker dies over it', async () => {
    expect(await leftAfter('never', (worker) => worker.throwError('out of memory'))).toBe(0);
  });
});

describe('a call that is cancelled', () => {
  test('ends with the worker, where that does not answer for half a minute', async () => {
    const { worker, host } = await started();
    vi.useFakeTimers();
    const controller = new AbortController();
    let outcome: unknown;
    host
      .call((remote) => remote.hang(), controller.signal)
      .catch((error: unknown) => {
        outcome = error;
      });
    await vi.advanceTimersByTimeAsync(600_000);
    controller.abort();
    await vi.advanceTimersByTimeAsync(29_999);
    expect([outcome, worker.isTerminated]).toEqual([undefined, false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome).toMatchObject({ code: 'worker-died', details: { why: 'it did not answer for 30 s' } });
    expect(worker.isTerminated).toBe(true);
  });

  test('leaves no timer where it is answered in time', async () => {
    const { host } = await started();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const controller = new AbortController();
    const answer = host.call((remote) => remote.double(4), controller.signal);
    controller.abort();
    expect(await answer).toBe(8);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a worker that may hold no lock', () => {
  test.each([
    ['is refused it', { locks: { request: () => Promise.reject(new DOMException('no storage', 'SecurityError')) } }],
    ['cannot even ask', { locks: { request: () => expect.unreachable('thrown at once') } }],
    ['has none', {}],
  ])('because it %s tells its host at once', async (_why, navigator) => {
    vi.stubGlobal('navigator', navigator);
    const told = new Promise((resolve) => vi.stubGlobal('postMessage', resolve));
    vi.stubGlobal('addEventListener', () => undefined);
    serve({ engine: {} });
    expect(await told).toEqual({ limbeck: 'ready', lock: undefined, serves: ['engine'] });
  });
});
