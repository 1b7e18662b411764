import { LimbeckError } from '../core/errors.ts';
import { pickRows } from '../core/rows.ts';
import { firstNonFinite, type NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import type { Adaptable } from './adaptable.ts';
import { type AllExamples, joinExamples, pickExamples, readAll } from './examples.ts';
import { canCrossFit, type WholeLesson, withoutExamples } from './guard/crossFit.ts';
import { GUARD } from './guard/guardOptions.ts';
import { holdOut, holdOutByContent } from './guard/holdOut.ts';
import type { HeldExamples } from './guard/measured.ts';
import { openAnchor, readReplayed } from './keep.ts';
import { contradictionsIn, type LabelFindings, outliersIn } from './labelSanity.ts';
import type { Lesson, Method } from './method.ts';
import { prototypes } from './methods/prototypes.ts';
import type { LearnOptions } from './personalizeOptions.ts';
import { privacyOf } from './privacy/privacyOf.ts';

/** A lesson, and what measuring needs. */
export interface Prepared {
  readonly lesson: Lesson;
  readonly method: Method;
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
  const { seed, guard = {}, keep, holdout, method: asked } = options;
  const { known, artifacts, classifier } = base;
  const { classes = known } = options;
  const all = await readAll(options.data, signal);
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
  const fraction = holdout || !kept.labels ? 0 : GUARD.read(guard).holdoutFraction;
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
  const said = Int32Array.from({ length: every.size }, (_, i) => argMax(answers.logits.data, i * classes, classes));

  const labels = Int32Array.from(said, (answer, i) =>
    i < mine.size ? (mine.labels?.[i] ?? 0) : (replay?.labels?.[i - mine.size] ?? answer),
  );
  // The person's own first, then the replayed ones.
  const whole: Lesson = {
    base: artifacts,
    classifier,
    inputs: every.inputs,
    labels,
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
    if (!method.readsLabels) return [];
    const found = await outliersIn(answers.features, ownLabels, classes, signal);
    return found.map((outlier) => ({ ...outlier, example: places[outlier.example] as number }));
  };
  return {
    lesson,
    method,
    fallback,
    held: holdout ? { ...(await readAll(holdout, signal)), ...(options.before && { logits: options.before }) } : held,
    ofBase: options.base && (await readAll(options.base, signal)),
    before,
    labels: { contradictions, outliers: await outliers() },
    replayed: replay?.size ?? 0,
    crossFitted: isCrossFitted ? fraction : 0,
    whole:
      held !== undefined && privacy === undefined && method.readsLabels && canCrossFit(ownLabels)
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

/**
 * How many examples each class has. Private examples may all be of one class, which must stay hidden.
 * Throws    class-mismatch: a label that is no class, one class only · empty-dataset: every example contradicts another
 */
function checkClasses(
  { labels, size }: AllExamples,
  method: Method,
  { classes, known, isPrivate }: { readonly classes: number; readonly known: number; readonly isPrivate: boolean },
): number[] {
  if (size === 0) {
    throw new LimbeckError(
      'empty-dataset',
      'Every example contradicts another with the same input. Correct the labels.',
    );
  }
  if (classes < known) {
    throw new LimbeckError(
      'class-mismatch',
      `"classes" was ${classes}, and the student knows ${known}. Give all of them.`,
      {
        details: { classes, known },
      },
    );
  }
  if (labels === undefined || !method.readsLabels) return [];
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) {
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new LimbeckError(
        'class-mismatch',
        `An example has the label ${label}, and there are ${classes} classes (0…${classes - 1}). Give "classes" to add new ones.`,
        { details: { label, classes } },
      );
    }
    counts[label] = (counts[label] as number) + 1;
  }
  if (isPrivate || counts.filter((count) => count > 0).length > 1) return counts;
  throw new LimbeckError(
    'class-mismatch',
    `All examples are of class ${labels[0]}: from one class a student learns to answer nothing else. Give examples of at least two.`,
    { details: { label: labels[0] } },
  );
}
