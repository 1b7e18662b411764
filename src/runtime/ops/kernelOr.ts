import * as tf from '../tf.ts';
import { hasKernelOf } from './hasKernel.ts';

/**
 * Runs an operation that tfjs does not know by its kernel if that is installed, and composes it from tfjs operations
 * otherwise. The kernel is tested against the composition.
 */
export function kernelOr(
  kernelName: string,
  inputs: tf.NamedTensorMap,
  attrs: tf.NamedAttrMap,
  compose: () => tf.Tensor,
): tf.Tensor {
  return hasKernel(kernelName, ...Object.values(inputs))
    ? (tf.engine().runKernel(kernelName, inputs, attrs) as tf.Tensor)
    : compose();
}

/** Whether the current backend has the kernel and may address these tensors. */
export function hasKernel(kernelName: string, ...tensors: readonly tf.Tensor[]): boolean {
  return hasKernelOf(tf, kernelName, ...tensors);
}
