import { LimbeckError } from '../core/errors.ts';
import { pickRows } from '../core/rows.ts';
import { firstNonFinite, type NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import type { Adaptable } from './adaptable.ts';
import { checkClasses, checkOneAnswer, checkSequenced, checkSteps, checkTruth } from './checkExamples.ts';
import { type AllExamples, joinExamples, joinSequences, pickExamples, readAll } from './examples.ts';
import { canCrossFit, type WholeLesson, withoutExamples } from './guard/crossFit.ts';
import { GUARD, type GuardOptions } from './guard/guardOptions.ts';
import { holdOut, holdOutByContent } from './guard/holdOut.ts';
import type { HeldExamples } from './guard/measured.ts';
import { openAnchor, readReplayed } from './keep.ts';
import { contradictionsIn, type LabelFindings, outliersIn } from './labelSanity.ts';
import type { Lesson, Method } from './method.ts';
import { prototypes } from './methods/prototypes.ts';
import type { LearnOptions } from './personalizeOptions.ts';
import { privacyOf } from './privacy/privacyOf.ts';
import { readRows } from './sequences.ts';

/** A lesson, and what measuring needs. */
export interface Prepared {
  readonly lesson: Lesson;
  readonly method: Method;
  readonly guard: GuardOptions;
  readonly fallback: string | undefined;
  readonly held: HeldExamples | undefined;
  /** The base's own examples. */
  readonly ofBase: HeldExamples | undefined;
  /** The base's answers to the lesson's own examples, where they were given. */
  readonly before: NdArray | undefined;
  readonly labels: LabelFindings;
  readonly replayed: number;
  /** Where the person's examples are judged by cross-fitting: the part that is left out each time. Else 0. */
  readonly crossFitted: number;
  /** The lesson with those that were held out, where it may be learned in other parts to judge by all. */
  readonly whole: WholeLesson | undefined;
}

/**
 * Reads and checks the examples, and asks the base about all of them at once, so that everything is refused before learning
 * starts.
 */
export async function prepareLesson(
  options: LearnOptions,
  base: Adaptable,
  { trainer, emit, signal }: Pick<Lesson, 'trainer' | 'emit' | 'signal'>,
): Promise<Prepared> {
  const { seed, keep, holdout, method: asked, blank = 0 } = options;
  const { known, artifacts, classifier } = base;
  const { classes = known } = options;
  const given = await readAll(options.data, signal);
  const isSequenced = asked.readsLabels && given.sequences !== undefined;
  // Either is learned, never both.
  const told = (examples: AllExamples): AllExamples => ({
    ...examples,
    [isSequenced ? 'labels' : 'sequences']: undefined,
  });
  const all = told(given);
  const judging = holdout && told(await readAll(holdout, signal));
  const ofBase = options.base && told(await readAll(options.base, signal));
  if (asked.readsLabels) checkTruth(all, asked.name, isSequenced);
  checkTruth(judging, 'holdout', isSequenced);
  checkTruth(ofBase, 'base', isSequenced);
  const guard = isSequenced ? checkSequenced(asked, options, { classes, known }) : (options.guard ?? {});
  const isPrivate = options.privacy !== undefined;
  const contradictions = asked.readsLabels ? await contradictionsIn(all, signal) : [];
  // A private example's fate must not depend on another.
  const dropped = new Set(isPrivate ? [] : contradictions.flat());
  const places = Int32Array.from({ length: all.size }, (_, i) => i).filter((i) => !dropped.has(i));
  const kept = pickExamples(all, places);
  const ofClass = checkClasses(kept, asked, { classes, known, isPrivate });
  const { method, fallback } = isPrivate ? { method: asked, fallback: undefined } : fitting(asked, ofClass, emit);

  emit({ type: 'phase', phase: 'features' });
  const replay = await readReplayed(keep, seed, signal);
  const fraction = holdout || !(kept.labels || isSequenced) ? 0 : GUARD.read(guard).holdoutFraction;
  const expectedHeld = holdout?.size ?? fraction * kept.size;
  const counts = { own: kept.size, heldFraction: fraction, replayed: replay?.size ?? 0 };
  const privacy = options.privacy && privacyOf(options.privacy, method, counts, expectedHeld);
  const copies = options.copies && (await readAll(options.copies, signal));
  const copiesOfEach = (copies?.size ?? 0) / all.size;
  const copied = Int32Array.from({ length: copiesOfEach * kept.size }, (_, at) => {
    return (places[at % kept.size] as number) + Math.floor(at / kept.size) * all.size;
  });
  const mine = copies === undefined ? kept : joinExamples(kept, pickExamples(copies, copied));
  const every = replay === undefined ? mine : joinExamples(mine, replay);
  const answers = await base.answers(every.inputs);
  checkFinite(answers.features, places);
  if (isSequenced) {
    for (const one of [all, judging, ofBase, replay]) if (one !== undefined) checkSteps(one, answers.logits, blank);
  } else checkOneAnswer(answers.logits, guard);
  const saidOf = (i: number) => argMax(answers.logits.data, i * classes, classes);
  const labels = Int32Array.from({ length: every.size }, (_, i) => {
    if (isSequenced) return 0;
    return i < mine.size ? (mine.labels?.[i] ?? 0) : (replay?.labels?.[i - mine.size] ?? saidOf(i));
  });
  const ofReplay = Int32Array.from({ length: every.size - mine.size }, (_, i) => mine.size + i);
  const replayed = () => replay?.sequences ?? readRows(pickRows(answers.logits, ofReplay), blank);
  const rows = isSequenced && replay ? joinSequences(mine.sequences, replayed()) : mine.sequences;
  // The person's own first, then the replayed ones.
  const whole: Lesson = {
    base: artifacts,
    classifier,
    inputs: every.inputs,
    labels,
    ...(rows && { sequences: { rows, blank } }),
    size: every.size,
    own: mine.size,
    copies: copiesOfEach,
    ...answers,
    formerWeight: keep?.former ?? (keep === undefined || keep.ewc ? 0 : 2),
    anchor: undefined,
    privacy,
    budget: options.budget ?? {},
    seed,
    trainer,
    emit,
    signal,
  };
  const needsSteps = isPrivate || Boolean(keep?.ewc);
  const ownLabels = labels.subarray(0, kept.size);
  const isCrossFitted = fraction > 0 && !needsSteps && canCrossFit(ownLabels) && (method.crossFits?.(whole) ?? false);
  const parts = privacy
    ? await holdOutByContent(kept, fraction, privacy.noiseSeed, signal)
    : holdOut(ownLabels, isCrossFitted ? 0 : fraction, seed);
  const own = pickExamples(kept, parts.learned);
  const before = options.before && holdout === undefined ? pickRows(options.before, places) : undefined;
  const held =
    parts.held.length > 0
      ? { ...pickExamples(kept, parts.held), logits: pickRows(before ?? answers.logits, parts.held) }
      : undefined;
  const lesson: Lesson = {
    ...withoutExamples(whole, parts.held),
    anchor: await openAnchor(keep, base, replay ?? own, { trainer, signal, seed }),
  };
  const outliers = async () => {
    if (!method.readsLabels || isSequenced) return [];
    const found = await outliersIn(answers.features, ownLabels, classes, signal);
    return found.map((outlier) => ({ ...outlier, example: places[outlier.example] as number }));
  };
  return {
    lesson,
    method,
    guard,
    fallback,
    held: judging ? { ...judging, ...(options.before && { logits: options.before }) } : held,
    ofBase,
    before,
    labels: { contradictions, outliers: await outliers() },
    replayed: replay?.size ?? 0,
    crossFitted: isCrossFitted ? fraction : 0,
    whole:
      held !== undefined && privacy === undefined && method.readsLabels && !isSequenced && canCrossFit(ownLabels)
        ? { lesson: { ...whole, anchor: lesson.anchor }, held: parts.held, before }
        : undefined,
  };
}

/** The method that was asked for, or class means where a class has one example and the method needs two. */
function fitting(asked: Method, counts: readonly number[], emit: Lesson['emit']) {
  if (asked.takesOneExample || !counts.includes(1)) return { method: asked, fallback: undefined };
  const fallback = `"${asked.name}" needs two examples of each class, and a class has one; class means were used.`;
  emit({ type: 'notice', message: fallback });
  return { method: prototypes(), fallback };
}

/** Throws    not-finite: the base answers an example with what is no number; nothing could be learned from it */
function checkFinite({ data, shape }: NdArray, places: Int32Array): void {
  const at = firstNonFinite(data);
  if (at < 0) return;
  const row = Math.floor(at / (data.length / (shape[0] as number)));
  const example = places[row];
  const which = example === undefined ? `replayed example ${row - places.length}` : `example ${example}`;
  throw new LimbeckError(
    'not-finite',
    `The student's features of ${which} hold ${data[at]}. Check the example's values, and those of the student's weights.`,
    { details: { ...(example !== undefined && { example }) } },
  );
}
