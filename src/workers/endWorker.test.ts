import { expect, test, vi } from 'vitest';
import { CLOSE_MS, endWorker } from './endWorker.ts';
import { started } from './workerCases.ts';

test('a worker that ends is closed first, and no timer is left', async () => {
  const { worker, host } = await started();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const wasTerminated: boolean[] = [];
  await endWorker(host, async (api) => {
    await api.double(1);
    wasTerminated.push(worker.isTerminated);
  });
  expect(wasTerminated).toEqual([false]);
  expect(worker.isTerminated).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that does not close is ended all the same, later than it waits for its threads', async () => {
  const { worker, host } = await started();
  vi.useFakeTimers();
  const ending = endWorker(host, (api) => api.hang());
  // What whenGone of the kernels' threads waits at most.
  await vi.advanceTimersByTimeAsync(5000);
  expect(worker.isTerminated).toBe(false);
  await vi.advanceTimersByTimeAsync(CLOSE_MS - 5000);
  await ending;
  expect(worker.isTerminated).toBe(true);
});

test.each([
  ['fails to close', (api: { fail(): Promise<number> }) => api.fail()],
  ['has died', undefined],
])('one that %s is ended at once', async (_what, close) => {
  const { worker, host } = await started();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  if (close === undefined) worker.throwError('out of memory');
  await endWorker(host, close ?? ((api) => api.hang()));
  expect([worker.isTerminated, vi.getTimerCount()]).toEqual([true, 0]);
});
