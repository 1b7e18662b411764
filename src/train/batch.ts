import type { NamedArrays } from '../core/shape.ts';
import type { Loss, Progress } from '../losses/loss.ts';
import type { NamedTensors } from '../runtime/gpu.ts';

/** One batch as the loop needs it: the student's inputs, the teacher's answers, and labels if a loss reads them. */
export interface TrainBatch {
  readonly inputs: NamedArrays;
  readonly teacher: NamedArrays;
  readonly labels?: Int32Array;
  /** The sequence of each example [B, L], with −1 behind its end, if a loss reads them. */
  readonly sequences?: Int32Array;
  /** The weight of each example, 0 or more, if a loss reads it. */
  readonly exampleWeights?: Float32Array;
  /** The index of each example in the dataset, and the loss's numbers for this step; the loop adds them if they are read. */
  readonly indices?: Int32Array;
  readonly numbers?: Float32Array;
  /** The inputs before augmentation, if there is any. */
  readonly asTheyAre?: NamedArrays;
  /** The teacher's answers, if they are on the GPU. */
  readonly onGpu?: {
    /** What losses compare, for this batch. Called inside a tidy. */
    tensors(): NamedTensors;
    /** Call it when a step has finished, on the GPU too. */
    done(): void;
  };
}

/** The place of a batch in its run. */
export interface StepPlace extends Progress {
  /** The index of each example in the dataset. */
  readonly indices: Int32Array;
}

/** The batch with what else the loss reads besides outputs and labels. */
export function asRead(loss: Loss, batch: TrainBatch, at: StepPlace): TrainBatch {
  return {
    ...batch,
    ...(loss.reads.indices && { indices: at.indices }),
    ...(loss.numbers && { numbers: Float32Array.from(loss.numbers(at)) }),
  };
}
