import { LimbeckError } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import { VERSIONS } from '../../core/versions.ts';
import type { LayerCall, LayerPatch } from '../layerPatch.ts';
import * as layers from '../layers/all.ts';
import {
  type BackendWasm,
  backend as currentBackend,
  getBackend,
  getGradient,
  getKernel,
  registerGradient,
  registerKernel,
  serialization,
  type TensorInfo,
  unregisterGradient,
  unregisterKernel,
} from '../tf.ts';
import * as kernels from './all.ts';
import { type Allocations, watchAllocations } from './allocation.ts';
import { fallbacks } from './fallbacks/fallbacks.ts';
import type { Kernel, KernelContext } from './kernel.ts';
import { type Recording, recordPlan } from './plan.ts';
import { type PoolDamage, type PoolOptions, startPool, type WasmHeap } from './pool.ts';

const WASM = 'wasm';

/** Kernels that are installed on the current wasm backend; `uninstall` restores what was registered before. */
export interface InstalledKernels {
  readonly kernelNames: readonly string[];
  readonly threads: number;
  damage(): PoolDamage | undefined;
  /** From now on one thread works, or all do; the bits of the results are the same. */
  useThreads(which: 'one' | 'all'): void;
  /** Does the work on this thread alone: no other can die over it. */
  alone<T>(work: () => T): T;
  /** Does the work, and records its calls of compiled code as a plan that can repeat them; see `recordPlan`. */
  record<T>(work: () => T): Recording<T>;
  /** The current heap; another buffer once it has grown. */
  bytes(): Uint8Array;
  addressOf(tensor: TensorInfo): number;
  /** Restores everything at once; resolves when the threads are gone. */
  uninstall(): Promise<void>;
}

let installed: InstalledKernels | undefined;

/**
 * Replaces operations of the current tfjs-wasm backend by limbeck's kernels, in place on its heap. `bytes` is one of
 * the shipped kernel binaries, `threads` the number of threads for one operation, and `options` name their script.
 * Throws    backend-unavailable: another backend is current · out-of-memory
 */
export async function installKernels(
  bytes: Uint8Array,
  threads = 1,
  options: PoolOptions = {},
): Promise<InstalledKernels> {
  await installed?.uninstall();
  if (getBackend() !== WASM) {
    throw new LimbeckError(
      'backend-unavailable',
      `Kernels work on tfjs's wasm backend; the current one is "${getBackend()}". Call setBackend('wasm') first.`,
    );
  }
  const backend = currentBackend() as BackendWasm;
  const heap = heapOf(backend);
  const pool = await startPool(heap, bytes, threads, options);
  const allocations = watchAllocations(backend, heap.memory);
  const context: KernelContext = {
    backend,
    pool,
    address: (tensor) => backend.getMemoryOffset(tensor.dataId),
  };
  const list = (Object.values(kernels) as (Kernel | readonly Kernel[])[]).flat() as Kernel[];
  const undo = [
    ...fallbacks().map((kernel) => replaceKernel(kernel, context, allocations)),
    ...list.map((kernel) => replaceKernel(kernel, context, allocations)),
    ...list.map(replaceGradient),
    ...(Object.values(layers) as LayerPatch[]).map(patchLayer),
  ];
  installed = {
    kernelNames: list.map((kernel) => kernel.kernelName),
    threads: pool.threads,
    damage: pool.damage,
    useThreads: pool.useThreads,
    alone: pool.alone,
    record: (work) => recordPlan(context, work),
    bytes: () => new Uint8Array(heap.memory.buffer),
    addressOf: context.address,
    uninstall: onlyOnce(() => {
      // In reverse, since an operation may have been replaced twice.
      for (const putBack of undo.reverse()) putBack();
      allocations.undo();
      installed = undefined;
      return pool.dispose();
    }),
  };
  return installed;
}

/** The installed kernels, if wasm with kernels is the current backend. */
export function currentKernels(): InstalledKernels | undefined {
  return getBackend() === WASM ? installed : undefined;
}

/** Restores the operations that `installKernels` replaced; does nothing if none are installed. */
export async function uninstallKernels(): Promise<void> {
  await installed?.uninstall();
}

function replaceKernel({ kernelName, run }: Kernel, context: KernelContext, allocations: Allocations): () => void {
  const original = getKernel(kernelName, WASM) ?? undefined;
  if (original !== undefined) unregisterKernel(kernelName, WASM);
  registerKernel({
    kernelName,
    backendName: WASM,
    setupFunc: original?.setupFunc,
    kernelFunc(call) {
      const result = allocations.run(call.inputs, () => run(context, call.inputs, call.attrs));
      if (result !== undefined) return result;
      if (original !== undefined) return original.kernelFunc(call);
      throw new Error(`'${kernelName}' with these inputs is not supported on the wasm backend.`);
    },
  });
  return () => {
    unregisterKernel(kernelName, WASM);
    if (original !== undefined) registerKernel(original);
  };
}

function replaceGradient({ kernelName, gradient }: Kernel): () => void {
  if (gradient === undefined) return () => {};
  const original = getGradient(kernelName) ?? undefined;
  if (original !== undefined) unregisterGradient(kernelName);
  registerGradient({
    ...gradient,
    kernelName,
    gradFunc(...call) {
      const own = getBackend() === WASM || original === undefined ? gradient.gradFunc(...call) : undefined;
      if (own !== undefined) return own;
      if (original !== undefined) return original.gradFunc(...call);
      throw new Error(`'${kernelName}' with these inputs has no gradient.`);
    },
  });
  return () => {
    unregisterGradient(kernelName);
    if (original !== undefined) registerGradient(original);
  };
}

function patchLayer({ className, method = 'call', call }: LayerPatch): () => void {
  // tfjs's entries: the class, and the function that makes one from its configuration.
  const [layerClass] = serialization.SerializationMap.getMap().classNameMap[className] ?? [];
  // An activation that an older tfjs-layers lacks is limbeck's own, which asks for the kernel itself.
  if (layerClass === undefined && method === 'apply') return () => undefined;
  if (layerClass === undefined) throw new LimbeckError('internal', `tfjs-layers has no class "${className}".`);
  const prototype = layerClass.prototype as Record<string, LayerCall>;
  const original = prototype[method] as LayerCall;
  const isOwn = Object.hasOwn(prototype, method);
  prototype[method] = function (this: Parameters<LayerPatch['call']>[0], ...args: Parameters<LayerCall>) {
    return (getBackend() === WASM ? call(this, ...args) : undefined) ?? original.apply(this, args);
  };
  return () => {
    if (isOwn) prototype[method] = original;
    else delete prototype[method];
  };
}

/** tfjs-wasm's heap: some builds name its memory `wasmMemory`, others hide it in `asm`. */
export function heapOf(backend: BackendWasm): WasmHeap {
  const wasm = backend.wasm as unknown as {
    wasmMemory?: WebAssembly.Memory;
    asm?: { memory?: WebAssembly.Memory } & Record<string, unknown>;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  const memory =
    wasm.wasmMemory ??
    wasm.asm?.memory ??
    Object.values(wasm.asm ?? {}).find((value): value is WebAssembly.Memory => isTagged(value, 'WebAssembly.Memory'));
  if (memory === undefined) {
    throw new LimbeckError(
      'backend-unavailable',
      'This build of tfjs-backend-wasm does not show its memory. ' +
        `limbeck is tested with version ${VERSIONS.tfjs}; install it.`,
    );
  }
  return { memory, malloc: (bytes) => wasm._malloc(bytes) >>> 0, free: (address) => wasm._free(address) };
}

function onlyOnce<T>(action: () => T): () => T {
  let done: { readonly value: T } | undefined;
  return () => {
    done ??= { value: action() };
    return done.value;
  };
}
