import { LimbeckError } from '../core/errors.ts';
import { pickRows } from '../core/rows.ts';
import { firstNonFinite, type NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { classifierOf, withClasses } from '../student/classifier.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Trainer } from '../train/trainer.ts';
import { answersOf } from './answersOf.ts';
import { checkClasses } from './checkPersonalize.ts';
import { canCrossFit } from './crossFit.ts';
import type { PersonalizeEvent } from './events.ts';
import { type AllExamples, joinExamples, pickExamples, readAll } from './examples.ts';
import { heldFractionOf } from './guard.ts';
import { holdOut, holdOutByContent } from './holdOut.ts';
import { openAnchor, readReplayed } from './keep.ts';
import { contradictionsIn, type LabelFindings, outliersIn } from './labelSanity.ts';
import type { WholeLesson } from './measured.ts';
import type { Lesson, Method } from './method.ts';
import { lora } from './methods/lora.ts';
import { prototypes } from './methods/prototypes.ts';
import type { PersonalizeOptions } from './personalize.ts';
import { privacyOf } from './privacy/privacyOf.ts';
import { withoutExamples } from './withoutExamples.ts';

/** What is known before the examples are read. */
interface Beginning {
  readonly artifacts: StudentArtifacts;
  /** Classes of the student, and of the patched one. */
  readonly known: number;
  readonly classes: number;
  readonly trainer: Trainer;
  readonly emit: (event: PersonalizeEvent) => void;
  readonly signal: AbortSignal;
}

/** Examples that are measured, with what the base says of them where it was asked anyway. */
export interface HeldExamples extends AllExamples {
  readonly logits?: NdArray;
}

/** A lesson, and what stands beside it. */
export interface Prepared {
  readonly lesson: Lesson;
  readonly method: Method;
  readonly fallback: string | undefined;
  readonly held: HeldExamples | undefined;
  readonly base: HeldExamples | undefined;
  readonly labels: LabelFindings;
  readonly replayed: number;
  /** Where the person's examples are judged by cross-fitting: the part that is left out each time. Else 0. */
  readonly crossFitted: number;
  /** The lesson with those that were held out, where it may be learned in other parts to judge by all. */
  readonly whole: WholeLesson | undefined;
}

/** Reads and checks the examples, and asks the base about all of them at once: everything that can be refused, before anything learns. */
export async function prepareLesson(options: PersonalizeOptions, beginning: Beginning): Promise<Prepared> {
  const { artifacts, known, classes, trainer, emit, signal } = beginning;
  const { seed = 0, guard = {}, keep } = options;
  const all = await readAll(options.data, signal);
  const asked = options.method ?? lora();
  const isPrivate = options.privacy !== undefined;
  const contradictions = asked.readsLabels ? await contradictionsIn(all, signal) : [];
  // What becomes of a private example must not hang on another.
  const dropped = new Set(isPrivate ? [] : contradictions.flat());
  const places = Int32Array.from({ length: all.size }, (_, i) => i).filter((i) => !dropped.has(i));
  const kept = pickExamples(all, places);
  const ofClass = checkClasses(kept, asked, { classes, known, isPrivate });
  const { method, fallback } = isPrivate ? { method: asked, fallback: undefined } : fitting(asked, ofClass, emit);

  const grown = classes > known ? withClasses(artifacts, classes, 'zeros') : artifacts;
  const classifier = classifierOf(grown);
  emit({ type: 'phase', phase: 'features' });
  const asks = { artifacts: grown, classifier, trainer, signal };
  const replay = await readReplayed(keep, seed, signal);
  const fraction = options.holdout || !kept.labels ? 0 : heldFractionOf(guard);
  const expectedHeld = options.holdout?.size ?? fraction * kept.size;
  const counts = { own: kept.size, heldFraction: fraction, replayed: replay?.size ?? 0 };
  const privacy = options.privacy && privacyOf(options.privacy, method, counts, expectedHeld);
  const every = replay === undefined ? kept : joinExamples(kept, replay);
  const answers = await answersOf(asks, every.inputs);
  checkFinite(answers.features, places);
  const said = Int32Array.from({ length: every.size }, (_, i) => argMax(answers.logits.data, i * classes, classes));

  const labels = Int32Array.from(said, (answer, i) =>
    i < kept.size ? (kept.labels?.[i] ?? 0) : (replay?.labels?.[i - kept.size] ?? answer),
  );
  // The person's own first, then the replayed ones.
  const whole: Lesson = {
    base: grown,
    classifier,
    inputs: every.inputs,
    labels,
    size: every.size,
    own: kept.size,
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
  const held =
    parts.held.length > 0
      ? { ...pickExamples(kept, parts.held), logits: pickRows(answers.logits, parts.held) }
      : undefined;
  const lesson: Lesson = {
    ...withoutExamples(whole, parts.held),
    anchor: await openAnchor(keep, asks, replay ?? own, seed),
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
    held: options.holdout ? await readAll(options.holdout, signal) : held,
    base: options.base && (await readAll(options.base, signal)),
    labels: { contradictions, outliers: await outliers() },
    replayed: replay?.size ?? 0,
    crossFitted: isCrossFitted ? fraction : 0,
    whole:
      held !== undefined && privacy === undefined && method.readsLabels && canCrossFit(ownLabels)
        ? { lesson: { ...whole, anchor: lesson.anchor }, held: parts.held }
        : undefined,
  };
}

/** The method that was asked for, or class means where a class has one example and the method needs two. */
function fitting(asked: Method, counts: readonly number[], emit: Beginning['emit']) {
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
