import { afterEach, expect, test, vi } from 'vitest';
import { makeLocks } from '../../core/locksCases.ts';
import { afterOthers } from './afterOthers.ts';

afterEach(() => vi.unstubAllGlobals());

test('another tab that gets no further is not waited for', async () => {
  const locks = makeLocks();
  vi.stubGlobal('navigator', { locks: locks.of({}) });
  const turn = { lock: 'file', progress: async () => 1, pollMs: 5, stallMs: 20 };
  void afterOthers(turn, () => new Promise(() => undefined));
  expect(await afterOthers(turn, async (hasWaited) => hasWaited)).toBe(true);
});

test('waiting for another tab stops when it is cancelled', async () => {
  const locks = makeLocks();
  vi.stubGlobal('navigator', { locks: locks.of({}) });
  const stop = new AbortController();
  const turn = { lock: 'file', progress: async () => 1, signal: stop.signal };
  void afterOthers(turn, () => new Promise(() => undefined));
  const waiting = afterOthers(turn, async () => 'done');
  setTimeout(() => stop.abort(), 10);
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});
