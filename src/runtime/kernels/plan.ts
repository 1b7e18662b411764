import {
  getKernelsForBackend,
  type KernelConfig,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '../tf.ts';
import { isOutOfMemory } from './allocation.ts';
import type { KernelContext } from './kernel.ts';
import type { WasmKernel } from './module.ts';
import { KERNEL_NUMBERS } from './numbers.ts';
import { type PlanMemory, reservePlanMemory } from './planMemory.ts';
import type { PlanRecord } from './planRecord.ts';

/**
 * The recorded calls of compiled code of some work, at addresses reserved for them: `run` repeats all of them at once.
 */
export interface Plan {
  /** How many calls it makes. */
  readonly length: number;
  /** Memory reserved for its intermediate results. */
  readonly bytes: number;
  /** Whether the calls' scratch memory is still at its address. */
  isValid(): boolean;
  run(): void;
  /** Makes the calls one by one and returns the milliseconds of each. */
  time(): readonly CallTime[];
  /** Frees the memory of all intermediate results. */
  dispose(): void;
}

export interface CallTime {
  readonly kernel: WasmKernel;
  /** In units of the kernel. */
  readonly work: number;
  readonly ms: number;
}

export type Recording<T> =
  | { readonly result: T; readonly plan: Plan }
  | { readonly result: T; readonly plan: undefined; readonly why: string };

const RECORD_WORDS = 4;

/**
 * Does the work, and records its calls of compiled code as a plan. What the work allocates and frees stays reserved for
 * the plan (`planMemory.ts`). There is no plan if something else computed: a kernel of tfjs, or a value that was read back.
 * The work must free all but its results before it returns (a tidy does), and its inputs must stay at their addresses.
 */
export function recordPlan<T>(context: KernelContext, work: () => T): Recording<T> {
  const { pool, backend } = context;
  const memory = reservePlanMemory(context);
  const records: PlanRecord[] = [];
  const scratchBefore = pool.scratchAddress();
  let why: string | undefined;
  const refuse = (reason: string) => {
    why ??= reason;
  };
  const unwatch = watchKernels(() => records.length, refuse);
  const { readSync } = backend;
  backend.readSync = (...args) => {
    refuse('a value was read back');
    return readSync.apply(backend, args);
  };
  let result: T;
  try {
    result = pool.recording(records, work);
  } catch (error) {
    // Before anything is freed: blocks that live on belong to their tensors.
    memory.stop();
    memory.release();
    throw error;
  } finally {
    backend.readSync = readSync;
    unwatch();
    memory.stop();
  }
  if (pool.scratchAddress() !== scratchBefore) refuse('the scratch memory grew');
  if (why !== undefined) {
    memory.release();
    return { result, plan: undefined, why };
  }
  try {
    return { result, plan: planOf(context, records, memory) };
  } catch (error) {
    memory.release();
    if (!isOutOfMemory(error)) throw error;
    return { result, plan: undefined, why: 'the heap has no room for a plan' };
  }
}

function planOf({ pool }: KernelContext, records: readonly PlanRecord[], { bytes, release }: PlanMemory): Plan {
  const scratch = pool.scratchAddress();
  const argumentWords = records.reduce((sum, { words }) => sum + words.length, 0);
  const words = new Int32Array(records.length * RECORD_WORDS + argumentWords);
  const table = pool.allocate(words.byteLength);
  let at = records.length * RECORD_WORDS;
  records.forEach(({ kernel, words: argument, ownParts }, i) => {
    words.set([KERNEL_NUMBERS[kernel], table + 4 * at, pool.partsOf(ownParts), ownParts], i * RECORD_WORDS);
    words.set(argument, at);
    at += argument.length;
  });
  pool.write(table, words);
  const changing = records.flatMap(({ changing: word }, i) =>
    word === undefined ? [] : [{ ...word, address: (words[i * RECORD_WORDS + 1] as number) + 4 * word.at }],
  );
  // In the order of the work: a layer that is called twice draws twice.
  const advances = new Set(changing.map(({ advance }) => advance));
  let isDisposed = false;
  return {
    length: records.length,
    bytes: words.byteLength + bytes(),
    isValid: () => !isDisposed && pool.scratchAddress() === scratch,
    run() {
      for (const advance of advances) advance();
      for (const { address, read } of changing) pool.write(address, Int32Array.of(read()));
      pool.runPlan(table, records.length);
    },
    time: () =>
      records.map(({ kernel, words: argument, work }) => {
        const start = performance.now();
        pool.run(kernel, argument, work);
        return { kernel, work, ms: performance.now() - start };
      }),
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      pool.free(table);
      release();
    },
  };
}

/** Calls `refuse` for every kernel that computes without compiled code, until the returned function is called. */
function watchKernels(count: () => number, refuse: (reason: string) => void): () => void {
  const originals: KernelConfig[] = getKernelsForBackend('wasm');
  for (const original of originals) {
    const { kernelName } = original;
    unregisterKernel(kernelName, 'wasm');
    registerKernel({
      ...original,
      kernelFunc(call) {
        const before = count();
        const result = original.kernelFunc(call);
        if (count() === before && !isAlias(call.inputs, result)) refuse(`${kernelName} is tfjs's own`);
        return result;
      },
    });
  }
  return () => {
    for (const original of originals) {
      unregisterKernel(original.kernelName, 'wasm');
      registerKernel(original);
    }
  };
}

/** Whether a kernel computed nothing: it gave a tensor another shape or name. */
export function isAlias(inputs: NamedTensorInfoMap, result: TensorInfo | TensorInfo[]): boolean {
  const given = Object.values(inputs).flat() as (TensorInfo | undefined)[];
  return [result].flat().every(({ dataId }) => given.some((input) => input?.dataId === dataId));
}
