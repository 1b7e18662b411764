import type { NamedTensorInfoMap, TensorInfo } from '../../tf.ts';
import type { KernelPool } from '../pool.ts';

/** A gate's activation: the sigmoid, or tfjs-layers' default, 0.2 x + 0.5 clipped to [0, 1]. */
export type RecurrentActivation = 'sigmoid' | 'hardSigmoid';

export function isRecurrentActivation(name: unknown): name is RecurrentActivation {
  return name === 'sigmoid' || name === 'hardSigmoid';
}

export interface SequenceSizes {
  readonly batch: number;
  readonly time: number;
  readonly features: number;
  readonly units: number;
}

/** The sizes of a sequence and its weights for this many gates, or `undefined` if their shapes do not fit. */
export function sequenceSizes(inputs: NamedTensorInfoMap, gates: number): SequenceSizes | undefined {
  const { x, kernel, recurrentKernel, bias, recurrentBias, h0, c0 } = inputs;
  if (x?.shape.length !== 3 || recurrentKernel?.shape.length !== 2) return undefined;
  const [batch, time, features] = x.shape as [number, number, number];
  const units = recurrentKernel.shape[0] as number;
  const width = gates * units;
  const fits =
    isOfShape(kernel, [features, width]) &&
    isOfShape(recurrentKernel, [units, width]) &&
    [bias, recurrentBias].every((vector) => vector === undefined || isOfShape(vector, [width])) &&
    [h0, c0].every((state) => state === undefined || isOfShape(state, [batch, units]));
  return fits ? { batch, time, features, units } : undefined;
}

/** Whether the gates of all steps can be addressed: byte offsets within a tensor are signed 32-bit. */
export function isAddressable({ batch, time, units }: SequenceSizes, gates: number): boolean {
  return batch * time * units * gates < 2 ** 28;
}

export function isOfShape(tensor: TensorInfo | undefined, shape: readonly number[]): tensor is TensorInfo {
  return tensor?.shape.length === shape.length && shape.every((length, i) => tensor.shape[i] === length);
}

/** The same values with another shape. */
export function seenAs({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
  return { dataId, dtype, shape };
}

/** How panels of a recurrent matrix are cut from it; the address in bytes, strides in values. */
export interface Panels {
  readonly source: number;
  readonly depth: number;
  readonly units: number;
  /** Neighbouring units of one gate in a panel of sixteen columns. */
  readonly width: 4 | 8 | 16;
  readonly depthStride: number;
  readonly unitStride: number;
  readonly gateStride: number;
}

export function packedBytes(units: number, depth: number, width: number): number {
  return Math.ceil(units / width) * depth * 64;
}

export function packRecurrent(pool: KernelPool, target: number, panels: Panels): void {
  const { source, depth, units, width, depthStride, unitStride, gateStride } = panels;
  const words = [source, target, depth, units, width, depthStride, unitStride, gateStride];
  pool.run('recurrentPack', words, (packedBytes(units, depth, width) / 4) * 2);
}
