import { LimbeckError } from '../../core/errors.ts';
import { outOfMemory } from './allocation.ts';
import { costOf, MOST_PARTS, ownParts } from './costs.ts';
import { compileKernels, isShared, linkKernels, type WasmKernel } from './module.ts';
import { KERNEL_NUMBERS } from './numbers.ts';
import type { ChangingWord, PlanRecord } from './planRecord.ts';
import { makeThreadLock, onGone, startThread, type ThreadMessage, whenGone } from './startThread.ts';
import { threadDied } from './threadDied.ts';

/** The parts of tfjs-wasm's Emscripten module that the kernels use. */
export interface WasmHeap {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
}

/**
 * Why a pool has fallen back to this thread alone, on a heap to which some thread may still write: one died
 * ('dead-thread'), or this one left a job before the others had finished ('torn-job').
 */
export type PoolDamage = 'dead-thread' | 'torn-job';

/** Runs compiled kernels in place on tfjs's heap, on one thread or several. */
export interface KernelPool {
  readonly threads: number;
  damage(): PoolDamage | undefined;
  /** From now on this thread works alone, or all do; the bits of the results are the same. */
  useThreads(which: 'one' | 'all'): void;
  /** Does the work on this thread alone: no other can die over it. */
  alone<T>(work: () => T): T;
  /**
   * Runs a kernel with its argument words; `work`, in units of the kernel (`costs.ts`), decides whether threads are worthwhile.
   * `changing` is the one word that a plan takes anew.
   * Throws    thread-died: the results are incomplete; later kernels run on this thread
   */
  run(kernel: WasmKernel, words: readonly number[], work: number, changing?: ChangingWord): void;
  /** In how many parts a call runs, of which so many are each thread's own. */
  partsOf(ownParts: number): number;
  /** A scratch region of at least `bytes`, valid until the next call of `scratch`. */
  scratch(bytes: number): number;
  /** Address of the scratch region, which moves when it grows; −1 once the pool is disposed. */
  scratchAddress(): number;
  /** Does the work, and records every call of `run`. */
  recording<T>(records: PlanRecord[], work: () => T): T;
  /**
   * Runs `count` recorded kernels; `table` holds four words for each: number, argument address, parts, and each thread's own.
   * Throws    thread-died
   */
  runPlan(table: number, count: number): void;
  /** Throws    out-of-memory. The caller frees the block. */
  allocate(bytes: number): number;
  free(address: number): void;
  write(address: number, words: Int32Array): void;
  /** Frees everything at once; resolves when the helpers are gone. */
  dispose(): Promise<void>;
}

const ARGS_BYTES = 256;
const PLAN_BYTES = 16;
/** Some seconds; a helper that has not left by then is dead. */
const ROUNDS_TO_LEAVE = 10;
const CONTROL_BYTES = 64;
/** Nanoseconds on one thread below which waking a helper (some 5 µs) costs more than it saves. */
const LEAST_SHARED_NS = 10_000;

/** What the compiled code returns for a wait. */
const DONE = 1;
/**
 * How long helpers may make no progress before one counts as dead. A machine that sleeps or is busy stops the clock: a
 * round of waiting counts for at most a second, and only while this thread runs.
 */
const PATIENCE_MS = 30_000;
const MOST_ROUND_MS = 1000;
/** The control block's second word: parts that are done and, in the upper bits, helpers that failed; see wasm/pool. */
const FINISHED_WORD = 1;
const PARTS_WORD = 4;
export interface PoolOptions {
  /** The script of helper threads (`findThreadScript`); without it there are none. */
  readonly script?: string | undefined;
  /** Nanoseconds on one thread from which more than one works (`costs.ts`); 0 in tests: always. */
  readonly leastSharedNs?: number;
  readonly patienceMs?: number;
}

/**
 * Starts the pool. Helpers need a shared memory; if one fails to start, fewer threads are used.
 * Throws    out-of-memory
 */
export async function startPool(
  heap: WasmHeap,
  bytes: Uint8Array,
  threads: number,
  { script, leastSharedNs = LEAST_SHARED_NS, patienceMs = PATIENCE_MS }: PoolOptions = {},
): Promise<KernelPool> {
  const module = await compileKernels(bytes, heap.memory);
  const kernels = await linkKernels(module, heap.memory);
  const owned: number[] = [];
  const allocated = (size: number): number => {
    const address = heap.malloc(size);
    if (address === 0) throw outOfMemory(size);
    return address;
  };
  const allocate = (size: number): number => {
    const address = allocated(size);
    owned.push(address);
    return address;
  };
  const args = allocate(ARGS_BYTES);
  const control = allocate(CONTROL_BYTES);
  new Uint8Array(heap.memory.buffer, control, CONTROL_BYTES).fill(0);
  const ownScratch = allocate(kernels.gemmScratchBytes());
  const count = script !== undefined && isShared(heap.memory) ? threads - 1 : 0;
  // Before any helper starts, so that none is left behind if there is no room.
  const scratches = Array.from({ length: count }, () => allocate(kernels.gemmScratchBytes()));
  const link = { module, memory: heap.memory };
  const locks = Array.from({ length: count }, makeThreadLock);
  const starting = locks.map((lock) => startThread(script as string, 'linked', { ...link, lock }));
  const started = await Promise.all(starting);
  const helpers = started.filter((one) => one !== undefined);
  helpers.forEach((helper, i) => {
    const work = { control, scratch: scratches[i] as number, part: i + 1 };
    helper.postMessage({ work } satisfies Partial<ThreadMessage>);
  });
  let arena = { address: 0, bytes: 0 };
  let recorded: PlanRecord[] | undefined;
  let isAlone = helpers.length === 0;
  let damage: PoolDamage | undefined;

  /** How many parts of this job are done or were begun by a helper that failed, and how many helpers have failed. */
  const finished = () => {
    const word = Atomics.load(new Int32Array(heap.memory.buffer, control), FINISHED_WORD);
    return { all: (word & 0xffff) + (word >> 16), failed: word >> 16 };
  };

  /** Continues waiting after the compiled code returned. */
  function awaitHelpers(): void {
    const parts = new Int32Array(heap.memory.buffer, control)[PARTS_WORD] as number;
    let before = finished().all;
    for (let idleMs = 0; idleMs < patienceMs; ) {
      const start = performance.now();
      if (kernels.awaitParts(control, parts) === DONE) return;
      const { all, failed } = finished();
      if (all === parts && failed > 0) break;
      idleMs = all === before ? idleMs + Math.min(performance.now() - start, MOST_ROUND_MS) : 0;
      before = all;
    }
    throw threadDied(helpers.length + 1, patienceMs);
  }

  /** If this thread throws, a helper may still be in this job, and would join the next one at the wrong moment. */
  function damagedBy(error: unknown): unknown {
    damage = error instanceof LimbeckError && error.code === 'thread-died' ? 'dead-thread' : 'torn-job';
    isAlone = true;
    return error;
  }

  /** Whether all have left. */
  function sendAway(): boolean {
    kernels.stopHelpers(control);
    if (damage !== undefined) return false;
    for (let round = 0; round < ROUNDS_TO_LEAVE; round++) {
      if (kernels.awaitParts(control, helpers.length) === DONE) return true;
    }
    return false;
  }

  // One that ended between two jobs, whose parts others have done. A disposed pool has no helpers.
  const onLost = () => {
    if (helpers.length > 0 && damage === undefined) damagedBy(threadDied(helpers.length + 1, 0));
  };
  for (const [i, helper] of started.entries()) if (helper !== undefined) onGone(locks[i], onLost);

  const partsOf = (own: number) => Math.min(own * (helpers.length + 1), MOST_PARTS);

  return {
    threads: helpers.length + 1,
    partsOf,
    damage: () => damage,
    useThreads(which) {
      isAlone = which === 'one' || damage !== undefined || helpers.length === 0;
    },
    alone(work) {
      const before = isAlone;
      isAlone = true;
      try {
        return work();
      } finally {
        isAlone = before;
      }
    },
    run(kernel, words, work, changing) {
      new Int32Array(heap.memory.buffer, args, words.length).set(words);
      const number = KERNEL_NUMBERS[kernel];
      const isShared = helpers.length > 0 && costOf(kernel, work) >= leastSharedNs;
      const own = isShared ? ownParts(kernel, words, work, helpers.length + 1) : 0;
      recorded?.push({ kernel, words: [...words], work, ownParts: own, changing });
      if (!isShared || isAlone) {
        kernels.runKernel(number, args, ownScratch, 0, 1);
        return;
      }
      try {
        if (kernels.runShared(control, number, args, ownScratch, partsOf(own), own) !== DONE) awaitHelpers();
      } catch (error) {
        throw damagedBy(error);
      }
    },
    scratchAddress: () => arena.address,
    recording(records, work) {
      recorded = records;
      try {
        return work();
      } finally {
        recorded = undefined;
      }
    },
    runPlan(table, count) {
      const together = isAlone ? 0 : helpers.length;
      try {
        for (let done = 0; done < count; done++) {
          done += kernels.runPlan(control, table + PLAN_BYTES * done, count - done, ownScratch, together);
          if (done < count) awaitHelpers();
        }
      } catch (error) {
        throw together === 0 ? error : damagedBy(error);
      }
    },
    allocate: allocated,
    free: (address) => heap.free(address),
    write: (address, words) => new Int32Array(heap.memory.buffer, address, words.length).set(words),
    scratch(size) {
      if (size > arena.bytes) {
        if (arena.address > 0) heap.free(arena.address);
        // So that nothing is left if the next line throws.
        arena = { address: 0, bytes: 0 };
        arena = { address: allocated(size), bytes: size };
      }
      return arena.address;
    },
    async dispose() {
      // Memory that a helper may still read is never freed.
      const isQuiet = helpers.length === 0 || sendAway();
      for (const helper of helpers) helper.terminate();
      if (isQuiet) for (const address of owned) heap.free(address);
      if (arena.address > 0) heap.free(arena.address);
      owned.length = helpers.length = 0;
      arena = { address: -1, bytes: 0 };
      await whenGone(locks.splice(0));
    },
  };
}
