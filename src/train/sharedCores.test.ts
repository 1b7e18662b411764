import { afterEach, expect, test, vi } from 'vitest';
import { currentKernels } from '../runtime/kernels/install.ts';
import { openSharedCores } from './sharedCores.ts';

vi.mock('../runtime/kernels/install.ts', () => ({ currentKernels: vi.fn() }));
afterEach(() => vi.resetAllMocks());

test('a student that waits longer than it learns takes one thread, and all of them at the end', () => {
  const useThreads = vi.fn();
  vi.mocked(currentKernels).mockReturnValue({ useThreads } as never);
  const taken = () => useThreads.mock.calls.flat();
  {
    using cores = openSharedCores();
    cores.afterWaiting(300, 0);
    cores.afterWaiting(300, 9);
    expect(taken()).toEqual(['one', 'one']);
    cores.afterWaiting(1, 9);
    expect(taken()).toEqual(['one', 'one', 'all']);
    cores.afterWaiting(300, 9);
  }
  expect(taken().at(-1)).toBe('all');
});

test('without kernels there is nothing to share', () => {
  vi.mocked(currentKernels).mockReturnValue(undefined);
  using cores = openSharedCores();
  expect(() => cores.afterWaiting(300, 9)).not.toThrow();
});
