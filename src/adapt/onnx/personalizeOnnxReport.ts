import type { TeacherDevice } from '../../teacher/teacher.ts';
import type { PersonalizeEvent } from '../events.ts';
import type { PersonalizeReport } from '../personalizeReport.ts';

/** Events of a run: those of `personalize`, how far the model has answered, and that the file is written. */
export type PersonalizeOnnxEvent = PersonalizeEvent | OnnxFeatures | OnnxWriting;

/** The file is written, and compared with what learned. */
export interface OnnxWriting {
  readonly type: 'phase';
  readonly phase: 'write';
}

/** Examples that the model was asked about, of all, varied copies and the holdout counted in. */
export interface OnnxFeatures {
  readonly type: 'features';
  readonly answered: number;
  readonly total: number;
  readonly examplesPerSecond: number;
}

/** How well a head on a value answers examples, each by what others taught. */
export interface TapFigures {
  readonly name: string;
  /** How many features it makes. */
  readonly features: number;
  /** A fraction. */
  readonly accuracy: number;
  /** In nats, at the best temperature: decides the choice. */
  readonly negativeLogLikelihood: number;
}

/**
 * What became of the model: the report of `personalize`, where a verdict against it says that the file is the model as it
 * was given. Where a head stands alone the base says nothing of any class, as far as `read` does not tell what the model
 * says.
 */
export interface PersonalizeOnnxReport extends Omit<PersonalizeReport, 'privacy' | 'bytes' | 'backend' | 'timeMs'> {
  /** Whether the classes are the model's own. */
  readonly keepsClasses: boolean;
  /** The value that a head reads, its shape without the batch, the features that were made of it, and why this one. */
  readonly features?: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly count: number;
    /** What it was chosen from; empty if it was named. */
    readonly candidates: readonly TapFigures[];
    readonly why: string;
  };
  /** With `lora`: what was added to, in the order of the file or of `targets`. */
  readonly weights?: readonly ChangedWeight[];
  readonly classes: number;
  /** How far the written file is from what learned, as a fraction of the largest logit. */
  readonly differenceFraction: number;
  /** Of the written file. */
  readonly bytes: number;
  readonly device: TeacherDevice;
  /** 'features': the model's answers; with `lora` its import, and a look at whether it gives the same. */
  readonly timeMs: { readonly features: number; readonly learn: number; readonly total: number };
}

/** A stored weight that a product of two small matrices was added to. */
export interface ChangedWeight {
  readonly weight: string;
  readonly node: string;
  readonly shape: readonly number[];
  /** Rank of the product; that of the matrix if it learned whole. */
  readonly rank: number;
}

/** The result of `personalizeOnnx`: the new file, and the report. */
export interface PersonalizedOnnx {
  readonly onnx: Uint8Array<ArrayBuffer>;
  readonly report: PersonalizeOnnxReport;
}
