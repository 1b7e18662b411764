import { afterEach, expect, test, vi } from 'vitest';
import { readBinaries } from './cases/binaryCases.ts';
import { sharedHeap } from './cases/threadCases.ts';
import { compileKernels } from './module.ts';
import type { ThreadMessage } from './startThread.ts';

const binaryOf = readBinaries();
afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

type Grant = () => Promise<unknown>;

/** The script as a thread runs it, told to link; what it says, and the locks that it asks for. */
async function linked(request?: (lock: string, grant: Grant) => Promise<unknown>) {
  const said: string[] = [];
  let listener: (event: object) => void = () => undefined;
  vi.stubGlobal('navigator', request && { locks: { request } });
  vi.stubGlobal('postMessage', ({ thread }: { thread: string }) => said.push(thread));
  vi.stubGlobal('addEventListener', (type: string, listen: typeof listener) => {
    if (type === 'message') listener = listen;
  });
  await import('./kernelThread.ts');
  const { memory } = sharedHeap();
  const module = await compileKernels(binaryOf('simd'), memory);
  const link = { module, memory, lock: 'limbeck-thread-1' };
  listener({ data: { link } satisfies Partial<ThreadMessage> });
  return said;
}

test('a helper counts as started once it holds its lock, not before', async () => {
  let grant: Grant = () => expect.unreachable('no lock was asked for');
  const asked: string[] = [];
  const said = await linked((lock, granted) => {
    asked.push(lock);
    grant = granted;
    return new Promise(() => undefined);
  });
  // Longer than the module takes to link.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect([said, asked]).toEqual([['alive'], ['limbeck-thread-1']]);
  void grant();
  await expect.poll(() => said).toEqual(['alive', 'linked']);
});

test.each([
  ['is refused one', () => Promise.reject(new DOMException('no storage', 'SecurityError'))],
  ['has none', undefined],
])('a helper that %s works without', async (_what, request) => {
  const said = await linked(request);
  await expect.poll(() => said).toEqual(['alive', 'linked']);
});
