import type { BackendWasm, KernelConfig, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '../tf.ts';
import type { KernelPool } from './pool.ts';

/** What a kernel works with: tfjs's wasm backend, which owns tensors, and the pool, which runs compiled code. */
export interface KernelContext {
  readonly backend: BackendWasm;
  readonly pool: KernelPool;
  /** Byte address of a tensor on the heap. */
  address(tensor: TensorInfo): number;
}

/**
 * One tfjs operation made faster. `run` gives `undefined` for a case it does not support, and the kernel that was
 * registered before answers instead.
 */
export interface Kernel {
  readonly kernelName: KernelConfig['kernelName'];
  run(context: KernelContext, inputs: NamedTensorInfoMap, attrs: NamedAttrMap | undefined): TensorInfo | undefined;
}

/** Tensors that the kernels can address: float32, not empty, and few enough values for 32-bit byte offsets. */
export function isSupported(...tensors: readonly (TensorInfo | undefined)[]): boolean {
  return tensors.every((tensor) => {
    if (tensor === undefined) return true;
    const size = tensor.shape.reduce((product, length) => product * length, 1);
    return tensor.dtype === 'float32' && size > 0 && size < 2 ** 28;
  });
}
