import type { SimdLevel } from '../capabilities.ts';
import type { GpuDevice } from '../gpu.ts';
import type { PoolDamage } from '../kernels/pool.ts';

export type BackendName = 'wasm' | 'webgpu' | 'cpu';

/** How a backend is to be opened; everything has a default that suits the device. */
export interface BackendOptions {
  /**
   * 'wasm' (default); 'webgpu': tfjs's own kernels on the GPU, for students large enough to pay for it, or wasm where
   * there is no GPU that computes right; or 'cpu': plain JavaScript, slow, the reference.
   */
  readonly backend?: BackendName;
  /** Threads for one operation; default: the cores of the device, 4 at most. 1 where the page is not isolated. */
  readonly threads?: number;
  /** The highest SIMD level to use; default: what the engine has. */
  readonly simdLevel?: SimdLevel;
  /** 'on' (default), or 'off': stock tfjs, for comparison. */
  readonly kernels?: 'on' | 'off';
  /** The folder that serves the package's files; default: beside the code. */
  readonly assetBase?: string;
}

/** What a backend turned out to be. Plain values: it crosses threads and goes into reports. */
export interface BackendDescription {
  readonly backend: BackendName;
  readonly threads: number;
  readonly simdLevel: SimdLevel;
  readonly hasKernels: boolean;
  readonly isIsolated: boolean;
  /** One sentence for everything that makes it slower than it could be. */
  readonly notices: readonly string[];
}

/** A tfjs backend that is current on this thread; whoever opened it disposes it. */
export interface OpenBackend {
  readonly description: BackendDescription;
  /** On webgpu only; it ends with the backend. */
  readonly gpuDevice?: GpuDevice;
  /** Why it works on one thread since, on a heap that is not to be trusted for long. Open it again. */
  damage?(): PoolDamage | undefined;
  /** Bytes of the WebAssembly heap, or of the GPU's buffers; 0 on backends without either. */
  heapBytes(): number;
  /** Resolves when its threads are gone. */
  dispose(): void | Promise<void>;
}
