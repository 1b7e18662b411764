import type { Tensor } from '../tf.ts';
import type { Tf } from '../tfNamespace.ts';

/** Whether the current backend has the kernel and may address these tensors. */
export function hasKernelOf(tf: Tf, kernelName: string, ...tensors: readonly Tensor[]): boolean {
  const isAddressed = tensors.every(({ dtype, size }) => dtype === 'float32' && size > 0 && size < 2 ** 28);
  return isAddressed && tf.getKernel(kernelName, tf.getBackend()) !== undefined;
}
