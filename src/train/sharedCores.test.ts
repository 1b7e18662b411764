import { afterEach, expect, test, vi } from 'vitest';
import { currentKernels } from '../runtime/kernels/install.ts';
import { openSharedCores } from './sharedCores.ts';

vi.mock('../runtime/kernels/install.ts', () => ({ currentKernels: vi.fn() }));
afterEach(() => vi.resetAllMocks());

test('a student that waits longer than it learns takes one thread, and all of them at the end', () => {
  const useThreads = vi.fn();
  vi.mocked(currentKernels).mockReturnValue({ useThreads, threads: 2 } as never);
  const taken = () => useThreads.mock.calls.flat();
  {
    using cores = openSharedCores();
    cores.beforeStep(300);
    cores.afterStep(9, true);
    cores.beforeStep(300);
    expect(taken()).toEqual(['one', 'one']);
    cores.afterStep(9, true);
    cores.beforeStep(1);
    expect(taken()).toEqual(['one', 'one', 'all']);
    cores.afterStep(9, true);
    cores.beforeStep(300);
  }
  expect(taken().at(-1)).toBe('all');
});

test('a student whose steps take longer on all threads ends on one, and says what both took', () => {
  const useThreads = vi.fn();
  vi.mocked(currentKernels).mockReturnValue({ useThreads, threads: 2 } as never);
  using cores = openSharedCores();
  for (let step = 0; step < 300; step++) {
    cores.beforeStep(0);
    const ms = useThreads.mock.calls.at(-1)?.[0] === 'one' ? 2 : 3;
    // The short last batch of an epoch says nothing of the others.
    if (step % 10 === 9) cores.afterStep(0.1, false);
    else cores.afterStep(ms, true);
  }
  expect(cores.figures).toEqual({ oneMs: expect.closeTo(2), allMs: expect.closeTo(3) });
  expect(useThreads.mock.calls.slice(-50).flat()).toEqual(Array.from({ length: 50 }, () => 'one'));
});

test('threads that the caller has asked for compute every step', () => {
  const useThreads = vi.fn();
  vi.mocked(currentKernels).mockReturnValue({ useThreads, threads: 2 } as never);
  using cores = openSharedCores('all');
  for (let step = 0; step < 100; step++) {
    cores.beforeStep(0);
    cores.afterStep(useThreads.mock.calls.at(-1)?.[0] === 'one' ? 1 : 3, true);
  }
  expect(new Set(useThreads.mock.calls.flat())).toEqual(new Set(['all']));
  expect(cores.figures).toBeUndefined();
});

test('without kernels, or with one thread, there is nothing to share', () => {
  for (const kernels of [undefined, { useThreads: vi.fn(), threads: 1 }]) {
    vi.mocked(currentKernels).mockReturnValue(kernels as never);
    using cores = openSharedCores();
    for (let step = 0; step < 100; step++) {
      cores.beforeStep(0);
      cores.afterStep(9, true);
    }
    expect(cores.figures).toBeUndefined();
  }
});
