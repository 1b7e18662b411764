import type { NamedArrays } from '../core/shape.ts';
import type { LossSpec } from '../losses/spec.ts';
import type { PortableStudent, StudentArtifacts } from '../student/student.ts';
import type { TrainBatch } from './batch.ts';
import type { EpochEvent, HoldoutOutputs, NoticeEvent, StepEvent } from './events.ts';
import type { OptimizerOptions } from './optimizerOptions.ts';
import type { LengthOptions } from './order.ts';
import type { Verdict } from './parts/keepBest/keepBest.ts';
import type { JobParts, PartEvent, PartReports, PartResults } from './parts/options.ts';
import type { RunState } from './state.ts';
import type { ThreadFigures } from './threadChoice.ts';

/** What one training run needs, as plain values. */
export interface TrainJob extends JobParts, LengthOptions {
  readonly student: PortableStudent;
  readonly loss: LossSpec;
  readonly optimizer: OptimizerOptions;
  /** The shape, without the batch, of each teacher output that the loss reads; `check` takes it from its batch. */
  readonly teacherShapes?: Readonly<Record<string, readonly number[]>>;
  /** Outputs of the teacher that are maps [B, C, H, W]; losses see them as the student's, [B, H, W, C]. */
  readonly channelsFirst?: readonly string[];
  /** Number of held-out examples; every epoch returns the student's outputs for them. */
  readonly holdoutSize: number;
  /** Epochs from one state that is kept to the next. Default: none is. */
  readonly checkpointEpochs?: number;
  /** Whether the colocated teacher is asked about each batch; the source leaves `teacher` empty then. */
  readonly asksColocatedTeacher?: boolean;
}

/** What the engine asks its caller for while it trains. */
export interface TrainSource {
  /** Examples for a step of this epoch, counted from 1. */
  read(indices: Int32Array, epoch?: number): Promise<TrainBatch>;
  /** The inputs of these examples, unchanged, without asking a teacher. */
  readInputs(indices: Int32Array): Promise<NamedArrays>;
  readHoldout(indices: Int32Array): Promise<NamedArrays>;
  /** What the page, which knows the metrics, says of an epoch's student, once it was told of it. */
  judge?(epoch: number): Promise<Verdict>;
  /** Keeps the state of the run after an epoch. */
  keepState?(state: RunState): Promise<void>;
  /** The state to go on from. */
  recallState?(): Promise<RunState | undefined>;
  /** What was measured of such steps before. */
  recallThreads?(steps: MeasuredSteps): Promise<ThreadFigures | undefined>;
}

/** What the time of a step depends on, besides the device: plain values. */
export interface MeasuredSteps {
  readonly student: string;
  readonly layers: readonly string[];
  readonly weights: readonly (readonly number[])[];
  readonly batchSize: number;
  readonly loss: LossSpec;
  readonly threads: number;
  readonly simdLevel: string;
}

export type EngineEvent = StepEvent | NoticeEvent | PartEvent | (EpochEvent & HoldoutOutputs);

export interface TrainOutcome extends PartResults {
  readonly artifacts: StudentArtifacts;
  /** Of each member of a cohort. */
  readonly members?: readonly StudentArtifacts[];
  /** What its steps took on one thread and on all, if both were measured. */
  readonly stepThreads?: { readonly steps: MeasuredSteps; readonly figures: ThreadFigures };
  /** What parts report at the end of a run. */
  readonly report: PartReports;
  /** How it ended. An interrupted run still returns the student as the last finished step left it. */
  readonly error?: unknown;
}
