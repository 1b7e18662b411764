import type { Loss, LossShapes } from '../../losses/loss.ts';
import type { ColocatedTeacher } from '../../runtime/gpu.ts';
import type * as tf from '../../runtime/tf.ts';
import type { StepPlace, TrainBatch } from '../batch.ts';
import type { EpochEvent, HoldoutOutputs } from '../events.ts';
import type { EngineEvent, TrainJob, TrainSource } from '../job.ts';
import type { OrderOptions } from '../order.ts';
import type { PartState } from '../state.ts';
import type { StepOptions } from '../step.ts';
import type { StepOptimizer } from '../stepOptimizer.ts';
import type { PartReports, PartResults } from './options.ts';

/** One optional feature of a run. The loop calls the functions that a part has, in the order of `open.ts`. */
export interface Part {
  /** The loss to train with, instead of the run's own. */
  readonly loss?: Loss;
  /** Shapes, without the batch, of the answers that `complete` adds to the teacher's. */
  readonly answers?: LossShapes['teacher'];
  /** How steps apply the student. Default 'training'. */
  readonly mode?: 'training' | 'inference';
  /** Whether steps compute parts of the forward pass again. Default false. */
  readonly recompute?: boolean;
  /** False if steps do not change the averages of batch normalization, or the part changes them itself. */
  readonly movesStatistics?: boolean;
  /** How many batches `begin` gets; at most one epoch's. */
  readonly looksAhead?: number;
  /** Changes a batch that was read, in the order of the steps, while the previous step runs. */
  read?(batch: TrainBatch, at: StepPlace): TrainBatch | Promise<TrainBatch>;
  /** Before the first step, with the first batches as the loss reads them. */
  begin?(first: readonly TrainBatch[], run: PartRun): Promise<void>;
  /** Before each step; true if steps compute something else from here on, so that a recorded step is discarded. */
  changesSteps?(at: StepPlace): boolean;
  /** Adds what depends on the student to a batch: right before its step, after the previous one. */
  complete?(batch: TrainBatch, at: StepPlace): Promise<TrainBatch>;
  /** Right before each step, with its batch as the loss reads it. */
  beforeStep?(batch: TrainBatch, at: StepPlace, run: PartRun): Promise<void>;
  /** Takes the gradients of a step, which the caller owns, and applies them, others, or none. */
  onGradients?(gradients: tf.NamedTensorMap, apply: (gradients: tf.NamedTensorMap) => void): void;
  afterStep?(at: StepPlace): void;
  /** After the last step of an epoch, before its event, to which it may add. Throws    AbortError */
  afterEpoch?(epoch: EpochEvent, run: PartRun): Promise<HoldoutOutputs | undefined>;
  /** After the epoch's event was told, when the page may have judged the student; 'stop' ends the run. */
  afterEvent?(epoch: EpochEvent, run: PartRun): Promise<'stop' | undefined>;
  /** What it needs to go on after this epoch in another run of the same job, as plain values. */
  state?(): Promise<PartState>;
  restore?(state: PartState): void;
  /** What it adds to the report of a finished run. */
  report?(): Promise<PartReports>;
  /** What it adds to the outcome, however the run ends. */
  results?(): PartResults;
  /** Frees what it holds and restores the model before it is saved. */
  end?(): void | Promise<void>;
}

/** The run as the loop sees it. */
export interface PartRun extends StepOptions, OrderOptions {
  /** All of them, in their order. Default: none. */
  readonly parts?: readonly Part[];
  /** Whether steps change the averages of batch normalization, so that these must be estimated at the end. Default true. */
  readonly movesStatistics?: boolean;
  /** Called while the loop waits for the next batch: no step is running then. */
  readonly rest?: <T>(awaited: Promise<T>) => Promise<T>;
  readonly signal?: AbortSignal;
}

/** What parts need to open. */
export interface PartContext {
  readonly job: TrainJob;
  readonly model: tf.LayersModel;
  /** The run's own. */
  readonly loss: Loss;
  /** Undefined while a run is checked. */
  readonly optimizer?: StepOptimizer | undefined;
  /** Undefined while a run is checked, which reads nothing more. */
  readonly source: TrainSource | undefined;
  readonly emit: (event: EngineEvent) => void | Promise<void>;
  /** The teacher on this thread and this GPU. */
  readonly colocatedTeacher?: ColocatedTeacher | undefined;
}

/** Undefined if the job asks for nothing of it. */
export type OpenPart = (context: PartContext) => Part | undefined | Promise<Part | undefined>;

/** A batch that was read, as the parts change it. */
export async function readWith(parts: readonly Part[], given: TrainBatch, at: StepPlace): Promise<TrainBatch> {
  let batch = given;
  for (const part of parts) if (part.read !== undefined) batch = await part.read(batch, at);
  return batch;
}

/** The same right before its step. */
export async function completeWith(parts: readonly Part[], given: TrainBatch, at: StepPlace): Promise<TrainBatch> {
  let batch = given;
  for (const part of parts) if (part.complete !== undefined) batch = await part.complete(batch, at);
  return batch;
}
