import type { TeacherDevice } from '../../teacher/teacher.ts';
import type { EpochEvent, NoticeEvent, StepEvent } from '../../train/loop.ts';
import type { OnnxMethod } from './personalizeOnnxOptions.ts';

/**
 * What a run tells while it works; 'epoch' is a pass of the head over the features, or with 'lora' of the model over the
 * examples, in which it tells each 'step' too.
 */
export type PersonalizeOnnxEvent = OnnxPhase | OnnxFeatures | StepEvent | EpochEvent | NoticeEvent;

/** Which part begins; with 'lora' no features are asked for. */
export interface OnnxPhase {
  readonly type: 'phase';
  readonly phase: 'check' | 'features' | 'train' | 'measure' | 'write' | 'done';
}

/** Examples that the model was asked about, of all, varied copies and the holdout counted in. */
export interface OnnxFeatures {
  readonly type: 'features';
  readonly answered: number;
  readonly total: number;
  readonly examplesPerSecond: number;
}

/** How many of the examples that were held out are named right, as fractions of 1. */
export interface MeasuredHead {
  /** By the model itself, where `read` says how; with 'lora' always. */
  readonly before?: number;
  readonly after: number;
  /** How many there were. */
  readonly examples: number;
}

/** What became of the model. */
export interface PersonalizeOnnxReport {
  readonly method: OnnxMethod;
  /** Where there was a holdout, or a guard that held examples out. */
  readonly holdout?: MeasuredHead;
  /** The value that a head reads, its shape without the batch, and the features that were made of it. */
  readonly features?: { readonly name: string; readonly shape: readonly number[]; readonly count: number };
  /** With 'lora': what was added to, in the order of the file or of `targets`. */
  readonly weights?: readonly ChangedWeight[];
  readonly classes: number;
  readonly examples: number;
  /** Mean cross-entropy of each pass, in nats; empty for prototypes. */
  readonly losses: readonly number[];
  /** How far the written file was from what learned, as a fraction of the largest logit. */
  readonly differenceFraction: number;
  /** Of the written file. */
  readonly bytes: number;
  readonly device: TeacherDevice;
  /** 'features': the model's answers; with 'lora' its import, and a look at whether it gives the same. */
  readonly timeMs: { readonly features: number; readonly train: number; readonly total: number };
}

/** A stored weight that a product of two small matrices was added to. */
export interface ChangedWeight {
  readonly weight: string;
  readonly node: string;
  readonly shape: readonly number[];
  /** Of the product; as much as the matrix has where it learned whole. */
  readonly rank: number;
}

/** What `personalizeOnnx` gives: the new file, and what became of the model. */
export interface PersonalizedOnnx {
  readonly onnx: Uint8Array<ArrayBuffer>;
  readonly report: PersonalizeOnnxReport;
}
