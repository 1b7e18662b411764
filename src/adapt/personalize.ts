import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Run, startRun } from '../core/run.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import { artifactsFrom, isArtifacts } from '../student/artifacts.ts';
import { baseHash } from '../student/baseHash.ts';
import { classifierOf } from '../student/classifier.ts';
import { takeStudents } from '../student/lease.ts';
import { isEmptyPatch, type Patch } from '../student/patch.ts';
import { patchBytes } from '../student/patchFile.ts';
import { roundedPatch } from '../student/roundedPatch.ts';
import type { Student } from '../student/student.ts';
import { withLogits } from '../student/withLogits.ts';
import { borrowTrainer } from '../train/borrowTrainer.ts';
import type { Trainer, TrainerOptions } from '../train/trainer.ts';
import type { LearnBudget } from './budget.ts';
import { checkOptions } from './checkPersonalize.ts';
import type { PersonalizeEvent } from './events.ts';
import { drawnAccepted, firstAccepted } from './firstAccepted.ts';
import { type GuardOptions, isUndecided, metricOf } from './guard.ts';
import { compare, judge } from './judged.ts';
import type { KeepOptions } from './keep.ts';
import { openCrossMeasure, openMeasure, openRefittedMeasure } from './measured.ts';
import type { Method } from './method.ts';
import type { PersonalizeReport } from './personalizeReport.ts';
import { prepareLesson } from './prepareLesson.ts';
import type { PrivacyOptions } from './privacy/privacyOf.ts';
import { withStrength } from './withStrength.ts';

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

/** A patch with what is known of how it was made. */
export interface PersonalPatch extends Patch {
  readonly report: PersonalizeReport;
}

/**
 * Adapts a student to one person's examples, on this device. The student stays as it is: the result is a patch that
 * `applyPatch` turns into the adapted student. A patch that made the examples that judge worse, as far as chance does not
 * explain it, that says nothing of their labels, or that made the base's worse comes out empty, and its report says why.
 * Throws    student-in-use: a run trains it · invalid-option · empty-dataset · labels-missing · class-mismatch: labels
 *           outside the classes, one class only · shape-mismatch · unknown-input · student-invalid · student-not-trainable · not-finite · worker-died ·
 *           AbortError and what the data throws
 * @example
 * const patch = await personalize({ student, data: labelled }).done;
 * const adapted = await applyPatch(student, patch);
 */
export function personalize(options: PersonalizeOptions): Run<PersonalPatch, PersonalizeEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options.signal);
}

const NO_CHANGE = {
  isAccepted: false,
  why: 'The method found no change with which the examples are told apart better than by the base; the patch is empty.',
};

async function run(
  options: PersonalizeOptions,
  emit: (event: PersonalizeEvent) => void,
  signal: AbortSignal,
): Promise<PersonalPatch> {
  const startedAt = performance.now();
  checkOptions(options);
  using _lease = isArtifacts(options.student) ? undefined : takeStudents([options.student], 'read');
  const artifacts = await artifactsFrom(options.student);
  const hash = await baseHash(artifacts);
  const known = classifierOf(artifacts).classes;
  const classes = options.classes ?? known;
  await using borrowed = await borrowTrainer(options.trainer, { signal, emit });
  const { trainer } = borrowed;
  emit({ type: 'phase', phase: 'check' });
  for (const message of trainer.description.notices) emit({ type: 'notice', message });
  const prepared = await prepareLesson(options, {
    artifacts: withLogits(artifacts),
    known,
    classes,
    trainer,
    emit,
    signal,
  });
  const { lesson, method, fallback, held, base, labels, replayed, crossFitted, whole } = prepared;
  emit({ type: 'phase', phase: 'learn' });
  const learnStartedAt = performance.now();
  const learned = await method.learn(lesson);
  const learnMs = performance.now() - learnStartedAt;
  emit({ type: 'phase', phase: 'measure' });
  const frame = {
    name: options.name ?? 'personal',
    version: options.version ?? 1,
    base: hash,
    method: method.name,
    ...(options.labels && { labels: options.labels }),
    ...(classes > known && { classes }),
  };
  const candidate: Patch = { ...frame, ...learned };
  const metric = metricOf(options.guard ?? {});
  const rounds = options.precision === 'float32' ? (patch: Patch) => patch : roundedPatch;
  const measured = { artifacts, metric, trainer, signal };
  const trying = {
    guard: options.guard ?? {},
    at: (strength: number) => rounds(withStrength(candidate, strength)),
    isScalable: candidate.memory === undefined && !isEmptyPatch(candidate),
    own:
      crossFitted > 0
        ? await openCrossMeasure(measured, method, lesson, crossFitted)
        : openMeasure(measured, held, judge),
    base: openMeasure(measured, base, compare),
  };
  const { guardEpsilon: epsilon, expectedHeld = 0, noiseSeed: key = [] } = lesson.privacy ?? {};
  let judgedBy: PersonalizeReport['judgedBy'] = crossFitted > 0 ? 'cross-fitting' : 'held-out';
  let tried =
    epsilon === undefined
      ? await firstAccepted(trying)
      : await drawnAccepted(trying, { epsilon, expectedHeld, held: held?.size ?? 0, key });
  const isOpen = tried.own !== undefined && isUndecided(tried.own, trying.guard);
  if (whole !== undefined && isOpen && !tried.verdict.isAccepted && !isEmptyPatch(candidate)) {
    emit({
      type: 'notice',
      message: 'The held-out examples do not decide: all judge now, each by a lesson without it.',
    });
    tried = await firstAccepted({ ...trying, own: await openRefittedMeasure(measured, method, whole) });
    judgedBy = 'cross-fitting';
  }
  const { own, ofBase, strength } = tried;
  const verdict = isEmptyPatch(candidate) ? NO_CHANGE : tried.verdict;
  const patch: Patch = verdict.isAccepted ? tried.patch : { ...frame, changes: [] };
  emit({ type: 'phase', phase: 'done' });
  const report: PersonalizeReport = {
    method: { name: method.name, options: method.options },
    ...(fallback !== undefined && { fallback }),
    verdict,
    metric: metric.name,
    strength,
    own,
    base: ofBase,
    examples: { learned: lesson.own, held: held?.size ?? 0, replayed },
    judgedBy: own === undefined ? 'nothing' : judgedBy,
    labels,
    ...(lesson.privacy && { privacy: lesson.privacy.spent }),
    bytes: await patchBytes(patch),
    seed: lesson.seed,
    backend: trainer.description,
    timeMs: { learn: learnMs, total: performance.now() - startedAt },
  };
  return { ...patch, report };
}
