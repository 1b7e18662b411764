import { currentKernels } from '../runtime/kernels/install.ts';

/** The threads of the kernels, shared with a teacher that the student waits for. */
export interface SharedCores extends Disposable {
  /** Chooses for the next step; `stepMs` is what the last one took. */
  afterWaiting(waitedMs: number, stepMs: number): void;
  /** The student no longer waits for anyone. */
  takeAll(): void;
}

/**
 * A student that waits for its teacher longer than it learns uses one thread and leaves the others to the teacher: two
 * programs with a thread per core make each other wait at every barrier. The results are the same bit for bit.
 */
export function openSharedCores(): SharedCores {
  const takeAll = () => currentKernels()?.useThreads('all');
  return {
    afterWaiting: (waitedMs, stepMs) => currentKernels()?.useThreads(waitedMs > stepMs ? 'one' : 'all'),
    takeAll,
    [Symbol.dispose]: takeAll,
  };
}
