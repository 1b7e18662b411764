import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { NdArray } from '../core/shape.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import type { Student } from '../student/student.ts';
import type { Trainer, TrainerOptions } from '../train/trainer.ts';
import type { LearnBudget } from './budget.ts';
import type { GuardOptions } from './guard.ts';
import type { KeepOptions } from './keep.ts';
import type { Method } from './method.ts';
import type { PrivacyOptions } from './privacy/privacyOf.ts';

/** Who is adapted to whose examples, and what must not be lost. */
export interface PersonalizeOptions {
  /** Trained; it stays as it is. Its last layer is dense, be it with a softmax, and gives its only output, or 'logits'. */
  readonly student: Student | LayersModel;
  /** The person's examples. Methods without labels take data without. */
  readonly data: Dataset | LabelledDataset;
  /** How it is adapted. Default lora(); with a class of one example only, prototypes(). */
  readonly method?: Method;
  /** Held out of the person's examples. Default: a part of `data`, as `guard` says. */
  readonly holdout?: LabelledDataset;
  /** Examples that the base was good at, to measure what is forgotten; they are not learned from. */
  readonly base?: LabelledDataset;
  /** What keeps the base's own knowledge. Default: nothing. */
  readonly keep?: KeepOptions;
  /** What a patch must not make worse; one that does comes out empty. Default: accuracy, by nothing. */
  readonly guard?: GuardOptions;
  /** Hides each example in noise (DP-SGD); what is promised stands at `PrivacyOptions`. Default: none. */
  readonly privacy?: PrivacyOptions;
  /** All classes, former and new ones, which come last. Default: as many as the student has. */
  readonly classes?: number;
  /** What the classes are called, in their order; the patch keeps them. */
  readonly labels?: readonly string[];
  /**
   * How long it may learn: what ends first ends it, and what was learned by then counts. A private run takes the steps of
   * `privacy`, and no others. Default: as the method says.
   */
  readonly budget?: LearnBudget;
  /** Of the patch's numbers: halves take half the room, and are what the guard judges. Default 'float16'. */
  readonly precision?: 'float16' | 'float32';
  /** Of the patch. Default 'personal', version 1. */
  readonly name?: string;
  readonly version?: number;
  /**
   * Decides which examples are held out, their order and first small matrices. In a private run the first two are secret.
   * Default 0.
   */
  readonly seed?: number;
  /**
   * An open trainer, which stays open; or how to open the page's. Default: the page's, which one run has at a time: a run
   * that this one waits for (its teacher's or its data's) needs a trainer of its own.
   */
  readonly trainer?: Trainer | TrainerOptions;
  readonly signal?: AbortSignal;
}

/** What a base is to learn, and what must not be lost. */
export interface LearnOptions extends Omit<PersonalizeOptions, 'student' | 'trainer' | 'signal' | 'method'> {
  readonly method: Method;
  /** Varied copies of the examples, of each as many: copy c of example i at i + c · how many examples there are. */
  readonly copies?: Dataset;
  /** What the base said of the person's examples that judge: the holdout's, or all. Default: the logits that it gives. */
  readonly before?: NdArray;
}
