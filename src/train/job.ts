import type { NamedArrays, NdArray } from '../core/shape.ts';
import type { AugmentOptions } from '../data/augment.ts';
import type { LossSpec } from '../losses/revive.ts';
import type { PortableStudent, StudentArtifacts } from '../student/student.ts';
import type { AdaptationOptions, AdaptationOutcome } from './adaptation.ts';
import type { BalanceEvent, BalanceOptions } from './balance.ts';
import type { BatchNormEvent } from './estimateBatchNorm.ts';
import type { EpochEvent, NoticeEvent, StepEvent, TrainBatch } from './loop.ts';
import type { OptimizerOptions } from './optimizer.ts';
import type { QuantizationAwareOptions, QuantizationReport } from './quantizationAware.ts';
import type { SelfTeacherOptions } from './selfTeacher.ts';

/** What one training run needs, as plain values. */
export interface TrainJob {
  readonly student: PortableStudent;
  readonly loss: LossSpec;
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  readonly seed: number;
  /** Of each output of the teacher that the loss reads, the shape without the batch; `check` takes it from its batch. */
  readonly teacherShapes?: Readonly<Record<string, readonly number[]>>;
  /** Outputs of the teacher that are maps [B, C, H, W]; losses see them as the student's, [B, H, W, C]. */
  readonly channelsFirst?: readonly string[];
  /** Number of held-out examples; the student's outputs for them come with every epoch. */
  readonly holdoutSize: number;
  /** Whether the teacher beside the trainer is asked about each batch; the source leaves `teacher` empty then. */
  readonly asksNearTeacher?: boolean;
  readonly quantizationAware?: true | QuantizationAwareOptions;
  /** Brings the terms of a weighted loss to one strength. */
  readonly balance?: true | BalanceOptions;
  /** A teacher made of the student itself, whose answers come beside those of the source. */
  readonly selfTeacher?: SelfTeacherOptions;
  /** Which weights learn, and what holds them back. Default: all that the student lets learn. */
  readonly adaptation?: AdaptationOptions;
  /** How the student's examples are varied, anew in each epoch; those of the holdout, and what a teacher sees, are not. */
  readonly augment?: AugmentOptions;
}

/** What the engine asks its caller for while it trains. */
export interface TrainSource {
  read(indices: Int32Array): Promise<TrainBatch>;
  /** The inputs of these examples, as they are, without asking a teacher. */
  readInputs(indices: Int32Array): Promise<NamedArrays>;
  readHoldout(indices: Int32Array): Promise<NamedArrays>;
}

export type EngineEvent = StepEvent | NoticeEvent | BalanceEvent | BatchNormEvent | (EpochEvent & HoldoutOutputs);

/** What the student says of the held-out examples. */
export interface HoldoutOutputs {
  readonly holdoutOutputs?: NdArray;
  /** The same of the other members of a cohort, of branches and of exits, by output. */
  readonly peerOutputs?: NamedArrays;
}

export interface TrainOutcome {
  readonly artifacts: StudentArtifacts;
  /** Of each member of a cohort. */
  readonly members?: readonly StudentArtifacts[];
  /** What a teacher beside the trainer was asked about: batches, and the examples in them. */
  readonly nearUsage?: { readonly calls: number; readonly computed: number };
  readonly quantization?: QuantizationReport;
  /** Where the job has an `adaptation`. */
  readonly adapted?: AdaptationOutcome;
  /** How it ended. An interrupted run still gives the student as the last finished step left it. */
  readonly error?: unknown;
}
