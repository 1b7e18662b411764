import { getKernel, type NamedTensorInfoMap, type TensorInfo, Transpose } from '../../tf.ts';
import type { KernelContext } from '../kernel.ts';

/** Runs an operation of the wasm backend from within another, by limbeck's kernel if there is one. */
export function call(context: KernelContext, kernelName: string, inputs: NamedTensorInfoMap, attrs = {}): TensorInfo {
  const kernel = getKernel(kernelName, 'wasm');
  if (!kernel) throw new Error(`Kernel '${kernelName}' not registered for backend 'wasm'.`);
  return kernel.kernelFunc({ inputs, attrs, backend: context.backend }) as TensorInfo;
}

export function transposed(context: KernelContext, x: TensorInfo, perm: readonly number[]): TensorInfo {
  return call(context, Transpose, { x }, { perm });
}

export function free(context: KernelContext, ...tensors: readonly TensorInfo[]): void {
  for (const { dataId } of tensors) context.backend.disposeData(dataId);
}

/** The same data under another shape; it is freed like any other tensor. */
export function reshaped({ backend }: KernelContext, { dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
  backend.incRef(dataId);
  return { dataId, dtype, shape };
}
