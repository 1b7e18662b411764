import type { BackendWasm, GradConfig, KernelConfig, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '../tf.ts';
import type { KernelPool } from './pool.ts';

/** What a kernel gets: tfjs's wasm backend, which owns tensors, and the pool, which runs compiled code. */
export interface KernelContext {
  readonly backend: BackendWasm;
  readonly pool: KernelPool;
  /** Byte address of a tensor on the heap. */
  address(tensor: TensorInfo): number;
}

/**
 * One tfjs operation made faster. `run` gives `undefined` for a case it does not support, and the kernel that was
 * registered before answers instead. Operations that tfjs does not know (`LayerNorm`) are registered too; callers ask
 * `getKernel` first.
 */
export interface Kernel {
  readonly kernelName: KernelConfig['kernelName'];
  run(
    context: KernelContext,
    inputs: NamedTensorInfoMap,
    attrs: NamedAttrMap | undefined,
  ): TensorInfo | TensorInfo[] | undefined;
  readonly gradient?: KernelGradient;
}

/**
 * Replaces tfjs's gradient of the operation on the wasm backend while kernels are installed. It must save what tfjs's
 * own saves, which runs on other backends and if `gradFunc` gives `undefined`.
 */
export interface KernelGradient {
  readonly inputsToSave?: string[];
  readonly outputsToSave?: boolean[];
  readonly saveAllInputs?: boolean;
  gradFunc(...call: Parameters<GradConfig['gradFunc']>): ReturnType<GradConfig['gradFunc']> | undefined;
}

/** Tensors that the kernels can address: float32, not empty, and few enough values for 32-bit byte offsets. */
export function isSupported(...tensors: readonly (TensorInfo | undefined)[]): boolean {
  return tensors.every((tensor) => {
    if (tensor === undefined) return true;
    const size = tensor.shape.reduce((product, length) => product * length, 1);
    return tensor.dtype === 'float32' && size > 0 && size < 2 ** 28;
  });
}
