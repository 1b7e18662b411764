// Runs inside a worker: the property tests of the kernels on one SIMD level and thread count of a real browser.
import { loadAsset } from '../../src/runtime/assets.ts';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import { checkKernels } from '../../src/runtime/kernels/cases/kernelCases.ts';
import { installKernels } from '../../src/runtime/kernels/install.ts';
import { findThreadScript } from '../../src/runtime/threadScript.ts';

export interface KernelsRequest {
  readonly simdLevel: 'relaxed' | 'simd';
  readonly threads: number;
  readonly casesPerKernel: number;
  readonly seed: number;
}

self.onmessage = async ({ data }: MessageEvent<KernelsRequest>) => {
  try {
    const { simdLevel, threads, casesPerKernel, seed } = data;
    const backend = await openBackendHere({ simdLevel, threads, assetBase: '/' });
    const name = simdLevel === 'relaxed' ? 'kernels-relaxed.wasm' : 'kernels-simd.wasm';
    // Random cases are small; here even the smallest is shared among the threads.
    const kernels = await installKernels(await loadAsset(name, '/'), threads, {
      leastSharedNs: 0,
      script: await findThreadScript('/'),
    });
    const checks = await checkKernels({ casesPerKernel, seed });
    const description = { ...backend.description, threads: kernels.threads };
    backend.dispose();
    self.postMessage({ description, checks });
  } catch (error) {
    self.postMessage({ error: String(error instanceof Error ? error.stack : error) });
  }
};
