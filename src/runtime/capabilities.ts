import { relaxedSimd, simd, threads } from 'wasm-feature-detect';
import { LimbeckError, messageOf } from '../core/errors.ts';
import { nodeModule } from '../core/node.ts';
import { findGpu } from './ortDevices.ts';

/** SIMD of WebAssembly: four floats at once with fused multiply-add, without it, or none. */
export type SimdLevel = 'relaxed' | 'simd' | 'none';

/** What this page or worker may use, with a sentence for everything that is off. */
export interface Capabilities extends WasmCapabilities {
  /** Whether the browser gives an adapter, not only the interface. */
  readonly hasWebGpu: boolean;
  /** The adapter's name, if the browser tells it. */
  readonly gpuName?: string;
  readonly hasOpfs: boolean;
  readonly hasIndexedDb: boolean;
}

/** What WebAssembly may use here. */
export interface WasmCapabilities {
  readonly simdLevel: SimdLevel;
  readonly hasThreads: boolean;
  readonly cores: number;
  readonly isIsolated: boolean;
  readonly why: Readonly<Record<string, string>>;
}

/** Finds out what the platform offers and asks for its GPU; opens nothing. */
export async function detectCapabilities(): Promise<Capabilities> {
  const [wasm, gpu] = await Promise.all([detectWasm(), findGpu()]);
  const why: Record<string, string> = { ...wasm.why };
  const hasWebGpu = gpu.obstacle === undefined;
  if (gpu.obstacle !== undefined) why['webgpu'] = gpu.obstacle;
  else if (gpu.isSoftware) why['webgpu'] = 'WebGPU runs in software here, which is slower than WebAssembly.';
  const hasOpfs = typeof globalThis.navigator?.storage?.getDirectory === 'function';
  if (!hasOpfs) why['opfs'] = 'This browser offers no origin-private file system here.';
  const hasIndexedDb = typeof indexedDB !== 'undefined';
  if (!hasIndexedDb) why['indexeddb'] = 'There is no IndexedDB here.';
  return { ...wasm, hasWebGpu, ...(hasWebGpu && { gpuName: gpu.name }), hasOpfs, hasIndexedDb, why };
}

/** The part that is free to find out. */
export async function detectWasm(): Promise<WasmCapabilities> {
  const why: Record<string, string> = {};
  const isIsolated = globalThis.crossOriginIsolated === true;
  // Node shares memory between its threads as it is.
  const os = nodeModule<typeof import('node:os')>('os');
  const mayShare = isIsolated || os !== undefined;
  const [hasSimd, hasRelaxed, canThread] = await Promise.all([simd(), relaxedSimd(), threads()]);
  if (!hasSimd) why['simd'] = 'This engine has no WebAssembly SIMD, so training runs in plain JavaScript.';
  else if (!hasRelaxed) why['relaxed'] = 'This engine has no relaxed SIMD, so products and sums are not fused.';
  const canStart = typeof Worker !== 'undefined' || os !== undefined;
  if (!canStart) {
    why['threads'] = 'No worker starts from a service worker or a shared worker, so one thread is used.';
  } else if (!mayShare && 'SharedWorkerGlobalScope' in globalThis) {
    why['threads'] = 'This browser isolates no shared worker, so one thread is used.';
  } else if (!mayShare) {
    why['threads'] =
      'The page is not cross-origin isolated, so one thread is used. Send the headers ' +
      '"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp" to use more.';
  } else if (!canThread)
    why['threads'] = 'This engine offers no SharedArrayBuffer for WebAssembly, so one thread is used.';
  return {
    simdLevel: hasRelaxed ? 'relaxed' : hasSimd ? 'simd' : 'none',
    hasThreads: canStart && mayShare && canThread,
    cores: (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency ?? os?.availableParallelism() ?? 1,
    isIsolated,
    why,
  };
}

/** The smallest module: just a header. */
const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** Throws    wasm-blocked: a content security policy forbids WebAssembly, or the engine has none */
export function requireWasm(): void {
  try {
    new WebAssembly.Module(EMPTY_MODULE);
  } catch (error) {
    throw new LimbeckError(
      'wasm-blocked',
      `WebAssembly cannot be compiled here (${messageOf(error)}). If a content security policy forbids it, add ` +
        "'wasm-unsafe-eval' to script-src; a worker follows the policy of its own script's response.",
      { cause: error },
    );
  }
}
