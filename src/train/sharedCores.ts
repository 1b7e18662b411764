import { currentKernels } from '../runtime/kernels/install.ts';
import { type ThreadFigures, threadChoice } from '../runtime/kernels/threadChoice.ts';

/** Decides how many threads of the kernels compute each step. */
export interface SharedCores extends Disposable {
  /** Chooses for the next step, for which the student waited so long. */
  beforeStep(waitedMs: number): void;
  /** What that step took. `isUsual`: a batch of the usual size, whose time can be compared with that of others. */
  afterStep(stepMs: number, isUsual: boolean): void;
  /** Between steps all threads compute. */
  takeAll(): void;
  /** What steps took on one thread and on all; undefined unless both were measured. */
  readonly figures: ThreadFigures | undefined;
}

/**
 * A student that waits for its teacher longer than it learns uses one thread and leaves the others to the teacher: two
 * programs with a thread per core make each other wait at every barrier. Otherwise it uses what its own steps prove to be
 * faster, one thread or all; 'all' where the caller has said so. The results are the same bit for bit.
 * @param known what was measured before
 */
export function openSharedCores(known?: ThreadFigures | 'all'): SharedCores {
  const kernels = () => currentKernels();
  const takeAll = () => kernels()?.useThreads('all');
  const choice = known === 'all' ? undefined : threadChoice(known);
  let lastMs = 0;
  let isLeft = false;
  return {
    beforeStep(waitedMs) {
      isLeft = waitedMs > lastMs;
      kernels()?.useThreads(isLeft ? 'one' : (choice?.next() ?? 'all'));
    },
    afterStep(stepMs, isUsual) {
      lastMs = stepMs;
      const threads = kernels()?.threads ?? 1;
      if (!isLeft && isUsual && threads > 1) choice?.record(stepMs);
    },
    takeAll,
    get figures() {
      return choice?.figures;
    },
    [Symbol.dispose]: takeAll,
  };
}
