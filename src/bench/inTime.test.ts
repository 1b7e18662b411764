import { afterEach, expect, test, vi } from 'vitest';
import { inTime } from './inTime.ts';

afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => undefined);

test('work that is late is ended and told so; work in time leaves no timer', async () => {
  vi.useFakeTimers();
  const onLate = vi.fn();
  await expect(inTime(Promise.resolve(7), { ms: 30_000, onLate })).resolves.toBe(7);
  await expect(inTime(Promise.reject(new Error('It broke.')), { ms: 30_000, onLate })).rejects.toThrow('It broke.');
  expect([vi.getTimerCount(), onLate.mock.calls.length]).toEqual([0, 0]);
  const late = inTime(never, { ms: 30_000, onLate }).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await late).toMatchObject({ message: 'It gave no answer for 30 s and was ended.' });
  expect(onLate).toHaveBeenCalledOnce();
});

test('an abort ends the wait', async () => {
  const controller = new AbortController();
  const waiting = inTime(never, { ms: 60_000, signal: controller.signal, onLate: () => undefined });
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});
