import type { WasmKernel } from './module.ts';

/** One call of compiled code, as a plan repeats it. */
export interface PlanRecord {
  readonly kernel: WasmKernel;
  readonly words: readonly number[];
  /** In units of the kernel. */
  readonly work: number;
  /** How many parts are each thread's own; 0: one thread computes all of it. */
  readonly ownParts: number;
  readonly changing?: ChangingWord | undefined;
}

/** A word of a recorded call that is another one in each run, such as the key of a random mask. */
export interface ChangingWord {
  readonly at: number;
  read(): number;
  /** Moves on to the next run. Calls that share the function, such as a layer's forward and backward, move once. */
  readonly advance: () => void;
}
