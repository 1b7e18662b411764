import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { count, given, type OptionsOf, oneOf, type Read, required, schema, text } from '../core/schema.ts';
import type { NdArray } from '../core/shape.ts';
import { checkNotEmpty, type Dataset, type LabelledDataset } from '../data/dataset.ts';
import type { Student } from '../student/student.ts';
import type { Trainer, TrainerOptions } from '../train/trainer.ts';
import { BUDGET, type LearnBudget } from './budget.ts';
import { GUARD, type GuardOptions } from './guard/guardOptions.ts';
import { KEEP, type KeepOptions } from './keepOptions.ts';
import type { Method } from './method.ts';
import { checkPrivacy, type PrivacyOptions } from './privacy/privacyOptions.ts';

export const LEARNING = schema('learning', {
  /** What keeps the base's own knowledge. Default: nothing. */
  keep: given<KeepOptions>(KEEP.read),
  /** What a patch must not make worse; one that does comes out empty. Default: accuracy, without any loss. */
  guard: given<GuardOptions>(GUARD.read),
  /**
   * How long it may learn: it ends at whichever limit comes first, and keeps what was learned. A private run takes the
   * steps of `privacy`, and no others. Default: the method's own.
   */
  budget: given<LearnBudget>(BUDGET.read),
  /**
   * Decides which examples are held out, their order and first small matrices. In a private run the first two are secret.
   * Default 0.
   */
  seed: count(0)(0),
  /**
   * An open trainer, which stays open; or how to open the page's. Default: the page's, which one run has at a time: a run
   * that this one waits for (its teacher's or its data's) needs a trainer of its own.
   */
  trainer: given<Trainer | TrainerOptions>(),
  /** Cancels the run. */
  signal: given<AbortSignal>(),
});

/** Options for learning from a person's examples, for students and ONNX models. */
export interface LearningOptions extends OptionsOf<typeof LEARNING> {}

export const PATCH = schema('the patch', {
  /** Precision of the patch's numbers: float16 takes half the room, and the guard judges the rounded patch. Default 'float16'. */
  precision: oneOf('float16', 'float32')('float16'),
  /** Name of the patch. Default 'personal'. */
  name: text('personal'),
  /** Version of the patch. Default 1. */
  version: count()(1),
});

/** How the patch is written and named. */
export interface PatchOptions extends OptionsOf<typeof PATCH> {}

const OPTIONS = schema('personalize', {
  /** Trained; it stays as it is. Its last layer is dense, with or without a softmax, and gives its only output, or 'logits'. */
  student: required(given<Student | LayersModel>()),
  /**
   * The person's examples. Methods without labels take data without. For a student that answers for each step, [B, T, C],
   * give each its sequence: `withSequences`. Where there are sequences, they are what is learned.
   */
  data: required(given<Dataset | LabelledDataset>()),
  /** Held out of the person's examples. Default: a part of `data`, as `guard` says. */
  holdout: given<Dataset | LabelledDataset>(),
  /** Examples that the base is good at, to measure what is forgotten; they are not learned from. */
  base: given<Dataset | LabelledDataset>(),
  /** How it is adapted. Default: lora(); with a class of one example only, prototypes(). */
  method: given<Method>(),
  /** Hides each example in noise (DP-SGD); see `PrivacyOptions` for what this promises. Default: none. */
  privacy: given<PrivacyOptions>(checkPrivacy),
  /** All classes, former and new ones, which come last. Default: as many as the student has. */
  classes: count(2)(),
  /** The class that stands for no character, of a student that reads sequences. Default 0. */
  blank: count(0)(0),
  /** What the classes are called, in their order; the patch keeps them. */
  labels: given<readonly string[]>(),
  ...LEARNING.fields,
  ...PATCH.fields,
});

/** Which student is adapted to which examples, and what must not be lost. */
export interface PersonalizeOptions extends LearningOptions, PatchOptions, OptionsOf<typeof OPTIONS> {}

/** The same, checked, with their defaults. */
export type PersonalizeSettings = Read<typeof OPTIONS>;

/** What a base is to learn, and what must not be lost: the options with their defaults. */
export interface LearnOptions
  extends Pick<PersonalizeSettings, 'data' | 'seed' | 'precision' | 'name' | 'version'>,
    Pick<PersonalizeOptions, 'holdout' | 'base' | 'keep' | 'guard' | 'budget' | 'privacy' | 'classes' | 'labels'> {
  readonly method: Method;
  /** Of sequences. Default 0. */
  readonly blank?: number;
  /** Varied copies of the examples, of each as many: copy c of example i at i + c · how many examples there are. */
  readonly copies?: Dataset;
  /** What the base said of the person's examples that judge: the holdout's, or all. Default: the logits that it gives. */
  readonly before?: NdArray;
}

/** Throws    invalid-option · class-mismatch, and what `checkLearning` throws */
export function checkOptions(options: PersonalizeOptions): PersonalizeSettings {
  const settings = OPTIONS.read(options);
  checkLearning(settings);
  const { classes, labels, name } = settings;
  if (name === '') throw new LimbeckError('invalid-option', '"name" was empty; give the patch a name.');
  if (labels !== undefined && (classes ?? labels.length) !== labels.length) {
    throw new LimbeckError('class-mismatch', `"labels" names ${labels.length} classes, and "classes" was ${classes}.`);
  }
  return settings;
}

/** What to learn from, and how: each by itself is checked already. Throws    invalid-option · empty-dataset */
export function checkLearning(
  options: Pick<PersonalizeOptions, 'data' | 'method' | 'holdout' | 'base' | 'keep' | 'guard' | 'privacy'>,
): void {
  const { data, method, holdout, base, keep, guard, privacy } = options;
  if (typeof data?.read !== 'function') {
    throw new LimbeckError('invalid-option', '"data" must be a dataset, such as fromArrays or fromImages gives.');
  }
  if (method !== undefined && typeof method.learn !== 'function') {
    throw new LimbeckError('invalid-option', '"method" must be a method, such as lora() or prototypes().');
  }
  checkNotEmpty(data, 'data');
  if (holdout !== undefined) checkNotEmpty(holdout, 'holdout');
  if (base !== undefined) checkNotEmpty(base, 'base');
  if (privacy === undefined) return;
  if (keep?.ewc && keep.replay === undefined) throw importanceIsNotPrivate();
  if ((guard?.metric ?? 'accuracy') !== 'accuracy') throw othersAreNotPrivate();
}

function importanceIsNotPrivate(): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    'With "privacy", "ewc" would measure the weights’ importance on the person’s examples without noise. Give "replay", or leave it out.',
  );
}

function othersAreNotPrivate(): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    'With "privacy" the guard counts right answers: by other metrics one example could weigh more than all others. Leave ' +
      '"metric" out, or give \'accuracy\'.',
  );
}
