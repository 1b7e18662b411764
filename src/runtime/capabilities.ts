import { relaxedSimd, simd, threads } from 'wasm-feature-detect';

export type SimdLevel = 'relaxed' | 'simd' | 'none';

/** What this page or worker may use, and for each thing that is off, one sentence that says why. */
export interface Capabilities {
  readonly simdLevel: SimdLevel;
  readonly hasThreads: boolean;
  readonly cores: number;
  readonly isIsolated: boolean;
  readonly hasWebGpu: boolean;
  readonly hasOpfs: boolean;
  readonly hasIndexedDb: boolean;
  readonly why: Readonly<Record<string, string>>;
}

/** Looks once at what the platform offers; starts nothing and allocates nothing. */
export async function detectCapabilities(): Promise<Capabilities> {
  const why: Record<string, string> = {};
  const isIsolated = globalThis.crossOriginIsolated === true;
  const [hasSimd, hasRelaxed, canThread] = await Promise.all([simd(), relaxedSimd(), threads()]);
  if (!hasSimd) why['simd'] = 'This engine has no WebAssembly SIMD, so training runs in plain JavaScript.';
  else if (!hasRelaxed) why['relaxed'] = 'This engine has no relaxed SIMD, so products and sums are not fused.';
  if (!isIsolated) {
    why['threads'] =
      'The page is not cross-origin isolated, so one thread is used. Send the headers ' +
      '"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp" to use more.';
  } else if (!canThread) why['threads'] = 'This engine offers no shared WebAssembly memory, so one thread is used.';
  const navigator = globalThis.navigator as Navigator | undefined;
  const hasWebGpu = navigator !== undefined && 'gpu' in navigator;
  if (!hasWebGpu) why['webgpu'] = 'This browser offers no WebGPU here.';
  const hasOpfs = typeof navigator?.storage?.getDirectory === 'function';
  if (!hasOpfs) why['opfs'] = 'This browser offers no origin-private file system here.';
  const hasIndexedDb = typeof indexedDB !== 'undefined';
  if (!hasIndexedDb) why['indexeddb'] = 'There is no IndexedDB here.';
  return {
    simdLevel: hasRelaxed ? 'relaxed' : hasSimd ? 'simd' : 'none',
    hasThreads: isIsolated && canThread,
    cores: navigator?.hardwareConcurrency ?? 1,
    isIsolated,
    hasWebGpu,
    hasOpfs,
    hasIndexedDb,
    why,
  };
}
