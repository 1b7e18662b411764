import type { NamedArrays } from '../core/shape.ts';
import type { Tensor } from './tf.ts';
import type { Tf } from './tfNamespace.ts';

/** What is used here of the platform's GPUDevice, which TypeScript's own library does not describe yet. */
export interface GpuDevice extends EventTarget {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  destroy(): void;
}

/** An array in a buffer of a GPU, as onnxruntime leaves it there. */
export interface GpuArray {
  /** May be longer than the array: onnxruntime rounds sizes up. */
  readonly buffer: { readonly size: number };
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
}

export type NamedTensors = Readonly<Record<string, Tensor>>;

/** A teacher's raw outputs for a batch, on the GPU: they belong to whoever asked until `release`; twice is fine. */
export interface GpuAnswers {
  readonly arrays: Readonly<Record<string, GpuArray>>;
  /** Turns them into what losses compare. Called inside a tidy. */
  read(tf: Tf, outputs: NamedTensors): NamedTensors;
  release(): void;
}

/** A teacher on the thread and the GPU of a student: its outputs do not leave the GPU. */
export interface ColocatedTeacher {
  askOnGpu(inputs: NamedArrays): Promise<GpuAnswers>;
}
