import type { NamedArrays } from '../core/shape.ts';
import type { Tensor } from './tf.ts';
import type { Tf } from './tfNamespace.ts';

/** The part of GPUDevice that is used here; TypeScript's library does not describe it yet. */
export interface GpuDevice extends EventTarget {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  destroy(): void;
}

/** An array in a GPU buffer, as onnxruntime leaves it. */
export interface GpuArray {
  /** May be longer than the array: onnxruntime rounds sizes up. */
  readonly buffer: { readonly size: number };
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
}

export type NamedTensors = Readonly<Record<string, Tensor>>;

/** A teacher's raw outputs for a batch, on the GPU; the caller owns them until `release`, which may be called twice. */
export interface GpuAnswers {
  readonly arrays: Readonly<Record<string, GpuArray>>;
  /** Turns them into what losses compare. Called inside a tidy. */
  read(tf: Tf, outputs: NamedTensors): NamedTensors;
  release(): void;
}

/** A teacher on a student's thread and GPU: its outputs do not leave the GPU. */
export interface ColocatedTeacher {
  askOnGpu(inputs: NamedArrays): Promise<GpuAnswers>;
}
