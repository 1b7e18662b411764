import { count, type OptionsOf, oneOf, schema, text } from '../../core/schema.ts';
import type { SimdLevel } from '../capabilities.ts';
import type { GpuDevice } from '../gpu.ts';
import type { PoolDamage } from '../kernels/pool.ts';

export type BackendName = 'wasm' | 'webgpu' | 'cpu';

export const BACKEND = schema('A backend', {
  /**
   * 'wasm'; 'webgpu': tfjs's own kernels on the GPU, for students large enough to be faster there, or wasm if
   * no GPU computes correctly or `limbeck/webgpu` is not imported; 'cpu': plain JavaScript, slow, the reference. Default 'wasm'.
   */
  backend: oneOf<BackendName>('wasm', 'webgpu', 'cpu')('wasm'),
  /** Threads for one operation. Default: the cores of the device, at most 4. 1 if the page is not isolated, or where memory is short (iOS). */
  threads: count()(),
  /** The highest SIMD level to use. Default: the engine's. */
  simdLevel: oneOf<SimdLevel>('relaxed', 'simd', 'none')(),
  /** 'on', or 'off': stock tfjs, for comparison. Default 'on'. */
  kernels: oneOf('on', 'off')('on'),
  /** The folder that serves the package's files. Default: next to the code. */
  assetBase: text(),
});

/** How to open a backend; the defaults suit the device. */
export interface BackendOptions extends OptionsOf<typeof BACKEND> {}

/** Describes an open backend in plain values, which cross threads and go into reports. */
export interface BackendDescription {
  readonly backend: BackendName;
  readonly threads: number;
  readonly simdLevel: SimdLevel;
  readonly hasKernels: boolean;
  readonly isIsolated: boolean;
  /** The version of tfjs: limbeck's own in its worker, the installed one on this thread. */
  readonly tfjsVersion: string;
  /** A sentence for everything that makes it slower than it could be. */
  readonly notices: readonly string[];
}

/** A tfjs backend that is current on this thread; its opener disposes it. */
export interface OpenBackend {
  readonly description: BackendDescription;
  /** On webgpu only; it ends with the backend. */
  readonly gpuDevice?: GpuDevice;
  /**
   * Why it has worked on one thread since some failure, on a heap that may be written to by a lost thread. Open it
   * again.
   */
  damage?(): PoolDamage | undefined;
  /** Bytes of the WebAssembly heap or of the GPU's buffers; 0 on other backends. */
  heapBytes(): number;
  /** Resolves when its threads are gone. */
  dispose(): void | Promise<void>;
}

/** A backend of tfjs's own, current on this thread, which a benchmark compares with: limbeck does no other work on it. */
export type StockBackend = Pick<OpenBackend, 'heapBytes' | 'dispose'> & {
  /** Default: 1. */
  readonly threads?: number;
};
