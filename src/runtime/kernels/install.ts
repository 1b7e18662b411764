import { LimbeckError } from '../../core/errors.ts';
import {
  type BackendWasm,
  Conv2D,
  backend as currentBackend,
  type GradConfig,
  getBackend,
  getGradient,
  getKernel,
  type KernelConfig,
  registerGradient,
  registerKernel,
  unregisterGradient,
  unregisterKernel,
} from '../tf.ts';
import * as kernels from './all.ts';
import { conv2dGradient } from './gradients.ts';
import type { Kernel, KernelContext } from './kernel.ts';
import { startPool, type WasmHeap } from './pool.ts';

const WASM = 'wasm';

/** Kernels at work on the current wasm backend; `uninstall` puts back what was registered before. */
export interface InstalledKernels {
  readonly kernelNames: readonly string[];
  readonly threads: number;
  uninstall(): void;
}

let installed: InstalledKernels | undefined;

/**
 * Replaces operations of the current tfjs-wasm backend by limbeck's kernels, in place on its heap.
 * `bytes` is one of the shipped kernel binaries, `threads` how many threads may work on one operation, and
 * `leastSharedWork` the multiply-adds from which more than one does (0 in tests: always).
 * Throws    backend-unavailable: another backend is current · out-of-memory
 */
export async function installKernels(
  bytes: Uint8Array,
  threads = 1,
  leastSharedWork?: number,
): Promise<InstalledKernels> {
  installed?.uninstall();
  if (getBackend() !== WASM) {
    throw new LimbeckError(
      'backend-unavailable',
      `Kernels work on tfjs's wasm backend; the current one is "${getBackend()}". Call setBackend('wasm') first.`,
    );
  }
  const backend = currentBackend() as BackendWasm;
  const pool = await startPool(heapOf(backend), bytes, threads, leastSharedWork);
  const context: KernelContext = {
    backend,
    pool,
    address: (tensor) => backend.getMemoryOffset(tensor.dataId),
  };
  const list = Object.values(kernels) as Kernel[];
  const originals = list.map((kernel) => replace(kernel, context));
  const gradient = getGradient(Conv2D);
  swapGradient(conv2dGradient);
  installed = {
    kernelNames: list.map((kernel) => kernel.kernelName),
    threads: pool.threads,
    uninstall: onlyOnce(() => {
      originals.forEach((original, i) => {
        unregisterKernel((list[i] as Kernel).kernelName, WASM);
        if (original !== undefined) registerKernel(original);
      });
      swapGradient(gradient);
      pool.dispose();
      installed = undefined;
    }),
  };
  return installed;
}

/** Puts back the operations that `installKernels` replaced; without effect where none are installed. */
export function uninstallKernels(): void {
  installed?.uninstall();
}

function replace(kernel: Kernel, context: KernelContext): KernelConfig | undefined {
  const original = getKernel(kernel.kernelName, WASM) ?? undefined;
  if (original !== undefined) unregisterKernel(kernel.kernelName, WASM);
  registerKernel({
    kernelName: kernel.kernelName,
    backendName: WASM,
    setupFunc: original?.setupFunc,
    kernelFunc(call) {
      const result = kernel.run(context, call.inputs, call.attrs);
      if (result !== undefined) return result;
      if (original !== undefined) return original.kernelFunc(call);
      throw new Error(`'${kernel.kernelName}' with these inputs is not supported on the wasm backend.`);
    },
  });
  return original;
}

function swapGradient(gradient: GradConfig | null | undefined): void {
  unregisterGradient(Conv2D);
  if (gradient) registerGradient(gradient);
}

/** tfjs-wasm's heap. The threaded build names its memory `wasmMemory`, the unthreaded one hides it in `asm`. */
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
    Object.values(wasm.asm ?? {}).find((value): value is WebAssembly.Memory => value instanceof WebAssembly.Memory);
  if (memory === undefined) {
    throw new LimbeckError(
      'backend-unavailable',
      'This build of tfjs-backend-wasm does not show its memory. limbeck is tested with version 4.22.0; install it.',
    );
  }
  return { memory, malloc: (bytes) => wasm._malloc(bytes) >>> 0, free: (address) => wasm._free(address) };
}

function onlyOnce(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
