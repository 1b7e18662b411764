import { outOfMemory } from './allocation.ts';
import { compileKernels, isShared, linkKernels, type WasmKernel } from './module.ts';
import { KERNEL_NUMBERS } from './numbers.ts';

/** The parts of tfjs-wasm's Emscripten module that the kernels use. */
export interface WasmHeap {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
}

/** Runs compiled kernels in place on tfjs's heap, on one thread or several. */
export interface KernelPool {
  readonly threads: number;
  /** From now on this thread alone works, or all of them do; the results are the same bits. */
  useThreads(which: 'one' | 'all'): void;
  /** Runs a kernel with its argument words; `work` (multiply-adds or values) decides whether threads are worth it. */
  run(kernel: WasmKernel, words: readonly number[], work: number): void;
  /** A scratch region of at least `bytes`, valid until the next call of `scratch`. */
  scratch(bytes: number): number;
  /** Where the scratch region lies; it moves when it grows, and is nowhere (−1) once the pool is disposed. */
  scratchAddress(): number;
  /** Does the work, and appends every call of `run` that it makes. */
  recording<T>(records: PlanRecord[], work: () => T): T;
  /** Runs `count` recorded kernels; `table` holds number, argument address, whether shared, and nothing, for each. */
  runPlan(table: number, count: number): void;
  /** Throws out-of-memory. The caller frees it. */
  allocate(bytes: number): number;
  free(address: number): void;
  write(address: number, words: Int32Array): void;
  dispose(): void;
}

/** One call of `run`. */
export interface PlanRecord {
  readonly kernel: WasmKernel;
  readonly words: readonly number[];
  readonly isShared: boolean;
}

const ARGS_BYTES = 256;
const CONTROL_BYTES = 64;
/** Below this much work, waking a helper (some 5 µs) costs more than it gives. */
const LEAST_SHARED_WORK = 100_000;

/** The life of a helper worker: link the same module to the same memory, then wait for work inside wasm. */
const helperSource = `self.onmessage = async ({ data }) => {
  const { module, memory, control, scratch, part } = data;
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  self.postMessage('ready');
  exports.helperLoop(control, scratch, part);
};`;

/**
 * Starts the pool. Helpers need a shared memory and blob workers; where one fails to start, fewer threads are used.
 * Throws    out-of-memory
 */
export async function startPool(
  heap: WasmHeap,
  bytes: Uint8Array,
  threads: number,
  leastSharedWork = LEAST_SHARED_WORK,
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
  const helpers: Worker[] = [];
  for (let part = 1; part < threads && isShared(heap.memory); part++) {
    const message = { module, memory: heap.memory, control, scratch: allocate(kernels.gemmScratchBytes()), part };
    const helper = await startHelper(message);
    if (helper === undefined) break;
    helpers.push(helper);
  }
  let arena = { address: 0, bytes: 0 };
  let recorded: PlanRecord[] | undefined;
  let isAlone = helpers.length === 0;

  return {
    threads: helpers.length + 1,
    useThreads(which) {
      isAlone = which === 'one' || helpers.length === 0;
    },
    run(kernel, words, work) {
      new Int32Array(heap.memory.buffer, args, words.length).set(words);
      const number = KERNEL_NUMBERS[kernel];
      const isShared = helpers.length > 0 && work >= leastSharedWork;
      recorded?.push({ kernel, words: [...words], isShared });
      if (isShared && !isAlone)
        kernels.runShared(control, number, args, ownScratch, helpers.length + 1, helpers.length);
      else kernels.runKernel(number, args, ownScratch, 0, 1);
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
    runPlan: (table, count) => kernels.runPlan(control, table, count, ownScratch, isAlone ? 0 : helpers.length),
    allocate: allocated,
    free: (address) => heap.free(address),
    write: (address, words) => new Int32Array(heap.memory.buffer, address, words.length).set(words),
    scratch(size) {
      if (size > arena.bytes) {
        if (arena.address > 0) heap.free(arena.address);
        // Nothing is left of it where the next line throws.
        arena = { address: 0, bytes: 0 };
        arena = { address: allocated(size), bytes: size };
      }
      return arena.address;
    },
    dispose() {
      // What a helper may still read is not given back, however long it lives.
      const isQuiet = helpers.length === 0 || kernels.stopHelpers(control, helpers.length) === 1;
      for (const helper of helpers) helper.terminate();
      if (isQuiet) for (const address of owned) heap.free(address);
      if (arena.address > 0) heap.free(arena.address);
      owned.length = helpers.length = 0;
      arena = { address: -1, bytes: 0 };
    },
  };
}

/** A policy may forbid blob workers: by an exception or by an error event. Then there is no helper. */
function startHelper(message: object): Promise<Worker | undefined> {
  return new Promise((resolve) => {
    const url = URL.createObjectURL(new Blob([helperSource], { type: 'text/javascript' }));
    let worker: Worker | undefined;
    const settle = (helper: Worker | undefined) => {
      URL.revokeObjectURL(url);
      if (helper === undefined) worker?.terminate();
      resolve(helper);
    };
    try {
      worker = new Worker(url, { name: 'limbeck-kernel-helper' });
      worker.onmessage = () => settle(worker);
      worker.onerror = () => settle(undefined);
      worker.postMessage(message);
    } catch {
      settle(undefined);
    }
  });
}
