import { engine, getBackend, getKernel, type NamedAttrMap, type NamedTensorMap, type Tensor } from '../tf.ts';

/**
 * Runs an operation that tfjs does not know where its kernel is installed, and composes it of tfjs operations elsewhere.
 * The composition is also what the kernel is compared with.
 */
export function kernelOr(
  kernelName: string,
  inputs: NamedTensorMap,
  attrs: NamedAttrMap,
  compose: () => Tensor,
): Tensor {
  return hasKernel(kernelName, ...Object.values(inputs))
    ? (engine().runKernel(kernelName, inputs, attrs) as Tensor)
    : compose();
}

/** Whether the current backend has the kernel and may address these tensors. */
export function hasKernel(kernelName: string, ...tensors: readonly Tensor[]): boolean {
  const isAddressed = tensors.every(({ dtype, size }) => dtype === 'float32' && size > 0 && size < 2 ** 28);
  return isAddressed && getKernel(kernelName, getBackend()) !== undefined;
}
