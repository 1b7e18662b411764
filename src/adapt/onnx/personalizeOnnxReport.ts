import type { TeacherDevice } from '../../teacher/teacher.ts';
import type { EpochEvent, NoticeEvent, StepEvent } from '../../train/loop.ts';
import type { Verdict } from '../guard.ts';
import type { Compared, Judged } from '../judged.ts';
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

/** On examples of the person's that judge: by the guard's metric, as far as the model itself could be measured. */
export type OwnFigures = Partial<Judged> & Pick<Judged, 'after' | 'examples'>;

/** What a head on a value came to where each example was answered by what others taught. */
export interface TapFigures {
  readonly name: string;
  /** How many features it makes. */
  readonly features: number;
  /** A fraction. */
  readonly accuracy: number;
  /** In nats, at the best temperature: what the choice goes by. */
  readonly negativeLogLikelihood: number;
}

/** What became of the model. Names are those of `PersonalizeReport`, where there is the same. */
export interface PersonalizeOnnxReport {
  readonly method: OnnxMethod;
  /** Where it is against, the file is the model as it was given. */
  readonly verdict: Verdict;
  /** How much of the changes the guard took: 1 all, 0.5 or 0.25 where all made something worse. */
  readonly strength: number;
  /** Its name. */
  readonly metric: string;
  readonly judgedBy: 'held-out' | 'cross-fitting' | 'nothing';
  /** Undefined where nothing was held out; without `before` where the model itself has other classes. */
  readonly own?: OwnFigures;
  /** On the base's examples, where they were given. */
  readonly base?: Compared;
  /** Whether the classes are the model's own. */
  readonly keepsClasses: boolean;
  /** The value that a head reads, its shape without the batch, the features that were made of it, and why this one. */
  readonly features?: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly count: number;
    /** Those that it was chosen from; none where it was named. */
    readonly candidates: readonly TapFigures[];
    readonly why: string;
  };
  /** With 'lora': what was added to, in the order of the file or of `targets`. */
  readonly weights?: readonly ChangedWeight[];
  readonly classes: number;
  readonly examples: { readonly learned: number; readonly held: number; readonly replayed: number };
  /** Mean cross-entropy of each pass, in nats; empty for prototypes and for a head that is solved for. */
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
