import { isEmptyPatch, type Patch } from '../student/patch/patch.ts';
import { roundedPatch } from '../student/patch/roundedPatch.ts';
import type { Adaptable } from './adaptable.ts';
import { drawnAccepted, firstAccepted } from './guard/firstAccepted.ts';
import { isUndecided, metricOf } from './guard/guard.ts';
import { compare, judge } from './guard/judged.ts';
import { openCrossMeasure, openMeasure, openRefittedMeasure, withStrength } from './guard/measured.ts';
import { type Lesson, originalsOf } from './method.ts';
import type { LearnOptions } from './personalizeOptions.ts';
import type { PersonalizeReport } from './personalizeReport.ts';
import { prepareLesson } from './prepareLesson.ts';

/** A patch as far as the guard accepts it, and what was measured. */
export interface LearnedPatch {
  readonly patch: Patch;
  readonly figures: Omit<PersonalizeReport, 'bytes' | 'backend' | 'timeMs'>;
  readonly learnMs: number;
}

const NO_CHANGE = {
  isAccepted: false,
  why: 'The method found no change that tells the examples apart better than the base does; the patch is empty.',
};

/**
 * Prepares a lesson, learns, measures, and lets the guard decide: an empty patch is a refused one.
 * Throws    what `prepareLesson` and the method throw, and AbortError
 */
export async function learnPatch(
  options: LearnOptions,
  base: Adaptable,
  where: Pick<Lesson, 'trainer' | 'emit' | 'signal'>,
): Promise<LearnedPatch> {
  const { emit } = where;
  const { classes = base.known, blank = 0 } = options;
  const prepared = await prepareLesson(options, base, where);
  const {
    lesson,
    method,
    guard,
    fallback,
    held,
    ofBase: baseExamples,
    labels,
    replayed,
    crossFitted,
    whole,
  } = prepared;
  emit({ type: 'phase', phase: 'learn' });
  const learnStartedAt = performance.now();
  const learned = await method.learn(lesson);
  const learnMs = performance.now() - learnStartedAt;
  emit({ type: 'phase', phase: 'measure' });
  const frame = {
    name: options.name,
    version: options.version,
    base: base.hash,
    method: method.name,
    ...(options.labels && { labels: options.labels }),
    ...(classes > base.known && { classes }),
  };
  const candidate: Patch = { ...frame, ...learned };
  const metric = metricOf(guard);
  const rounds = options.precision === 'float32' ? (patch: Patch) => patch : roundedPatch;
  const measured = { base, metric, blank };
  const trying = {
    guard,
    at: (strength: number) => rounds(withStrength(candidate, strength)),
    isScalable: candidate.memory === undefined && !isEmptyPatch(candidate),
    own:
      crossFitted > 0
        ? await openCrossMeasure(measured, method, lesson, { fraction: crossFitted, before: prepared.before })
        : openMeasure(measured, held, judge),
    base: openMeasure(measured, baseExamples, compare),
  };
  const { guardEpsilon: epsilon, expectedHeld = 0, noiseSeed: key = [] } = lesson.privacy ?? {};
  let judgedBy: PersonalizeReport['judgedBy'] = crossFitted > 0 ? 'cross-fitting' : 'held-out';
  let tried =
    epsilon === undefined
      ? await firstAccepted(trying)
      : await drawnAccepted(trying, { epsilon, expectedHeld, held: held?.size ?? 0, key });
  const isOpen = tried.own !== undefined && isUndecided(tried.own, guard);
  if (whole !== undefined && isOpen && !tried.verdict.isAccepted && !isEmptyPatch(candidate)) {
    emit({
      type: 'notice',
      message: 'The held-out examples do not decide, so all examples judge now, each by a lesson without it.',
    });
    tried = await firstAccepted({ ...trying, own: await openRefittedMeasure(measured, method, whole) });
    judgedBy = 'cross-fitting';
  }
  const { own, ofBase, strength } = tried;
  const verdict = isEmptyPatch(candidate) ? NO_CHANGE : tried.verdict;
  return {
    patch: verdict.isAccepted ? tried.patch : { ...frame, changes: [] },
    figures: {
      method: { name: method.name, options: method.options },
      ...(fallback !== undefined && { fallback }),
      verdict,
      metric: metric.name,
      strength,
      own,
      base: ofBase,
      examples: { learned: originalsOf(lesson), held: held?.size ?? 0, replayed },
      judgedBy: own === undefined ? 'nothing' : judgedBy,
      labels,
      ...(lesson.privacy && { privacy: lesson.privacy.spent }),
      seed: lesson.seed,
    },
    learnMs,
  };
}
