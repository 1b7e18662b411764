import { currentKernels } from '../runtime/kernels/install.ts';

/** The threads of the kernels, shared with whoever makes the student wait. */
export interface SharedCores extends Disposable {
  /** Chooses for the next step; `stepMs` is what the last one took. */
  afterWaiting(waitedMs: number, stepMs: number): void;
  /** Nobody is waited for any more. */
  takeAll(): void;
}

/**
 * A student that waits for its teacher longer than it learns takes one thread, and leaves the teacher the others: two
 * programs of as many threads as there are cores make each other wait at every barrier. The results are the same bits.
 */
export function openSharedCores(): SharedCores {
  const takeAll = () => currentKernels()?.useThreads('all');
  return {
    afterWaiting: (waitedMs, stepMs) => currentKernels()?.useThreads(waitedMs > stepMs ? 'one' : 'all'),
    takeAll,
    [Symbol.dispose]: takeAll,
  };
}
