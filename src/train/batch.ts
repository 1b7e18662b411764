import type { NamedArrays } from '../core/shape.ts';
import type { Loss, Progress } from '../losses/loss.ts';
import type { NamedTensors } from '../runtime/gpu.ts';

/** One batch as the loop needs it: what the student sees, what the teacher said, and labels where a loss reads them. */
export interface TrainBatch {
  readonly inputs: NamedArrays;
  readonly teacher: NamedArrays;
  readonly labels?: Int32Array;
  /** How much each example counts, where a loss reads that; 0 or more. */
  readonly exampleWeights?: Float32Array;
  /** The number of each example in the dataset, and the loss's numbers for this step; the loop adds them where they are read. */
  readonly indices?: Int32Array;
  readonly numbers?: Float32Array;
  /** The inputs before they were varied, where they were. */
  readonly asTheyAre?: NamedArrays;
  /** The teacher's answers, where they lie on the GPU. */
  readonly onGpu?: {
    /** What losses compare, for this batch. Called inside a tidy. */
    tensors(): NamedTensors;
    /** To be called when a step is through, on the GPU too. */
    done(): void;
  };
}

/** Where a batch stands in its run. */
export interface StepPlace extends Progress {
  /** The number of each example in the dataset. */
  readonly indices: Int32Array;
}

/** The batch with what the loss reads beside outputs and labels. */
export function asRead(loss: Loss, batch: TrainBatch, at: StepPlace): TrainBatch {
  return {
    ...batch,
    ...(loss.reads.indices && { indices: at.indices }),
    ...(loss.numbers && { numbers: Float32Array.from(loss.numbers(at)) }),
  };
}
