import { joinRows, pickRows, pickRowsOfAll } from '../../core/rows.ts';
import type { NdArray } from '../../core/shape.ts';
import { mergePatches } from '../../student/patch/mergePatches.ts';
import type { Patch } from '../../student/patch/patch.ts';
import type { Metric } from '../../train/metric.ts';
import type { Adaptable } from '../adaptable.ts';
import type { AllExamples } from '../examples.ts';
import type { Lesson, Method } from '../method.ts';
import { crossFit, refit, type WholeLesson } from './crossFit.ts';
import type { Measure } from './firstAccepted.ts';
import { type Answered, type Compared, type Judged, judge } from './judged.ts';

/** Whose patches are measured, and how. */
export interface Measured {
  readonly base: Adaptable;
  readonly metric: Metric;
  /** Of sequences. Default 0. */
  readonly blank?: number;
}

/** Examples that are measured, with the base's answers where they are known already. */
export interface HeldExamples extends AllExamples {
  readonly logits?: NdArray;
}

const NONE: HeldExamples = { inputs: {}, labels: undefined, size: 0 };

/** On some examples; undefined without any, or without labels and sequences. The base is asked once. */
export function openMeasure<T extends Compared>(
  { base, metric, blank = 0 }: Measured,
  examples: HeldExamples | undefined,
  by: (answered: Answered, metric: Metric) => T,
): Measure<Patch, T> {
  const { labels = new Int32Array(0), sequences, inputs, size } = examples ?? NONE;
  if ((labels.length === 0 && sequences === undefined) || size === 0) return async () => undefined;
  // A class that the base does not know has a logit of zero here, and is not what the base would say.
  const asked = examples?.logits;
  let before = asked?.shape.at(-1) === base.known ? asked : undefined;
  return async (patch) => {
    before ??= await base.logits(inputs);
    const after = await base.logits(inputs, patch);
    return by({ before, after, labels, ...(sequences && { sequences: { rows: sequences, blank } }) }, metric);
  };
}

/**
 * On the person's examples, each answered by what the others taught. Only the strength of the patch counts here: it is the
 * way of learning that is judged.
 * Throws    what the method throws, and AbortError
 */
export async function openCrossMeasure(
  { base, metric }: Measured,
  method: Method,
  lesson: Lesson,
  { fraction, before: said }: { readonly fraction: number; readonly before: NdArray | undefined },
): Promise<Measure<Patch, Judged>> {
  const added = await crossFit(method, lesson, fraction);
  const [count = 0] = added.shape;
  const labels = lesson.labels.slice(0, count);
  const former = pickRows(
    lesson.logits,
    Int32Array.from({ length: count }, (_, i) => i),
  );
  const before = said ?? firstColumns(former, base.known);
  return async (_patch, strength) => {
    const data = Float32Array.from(former.data, (logit, at) => logit + strength * (added.data[at] as number));
    return judge({ before, after: { data, shape: former.shape }, labels }, metric);
  };
}

/**
 * The same for any method, where the held-out examples did not decide: the patch answers those, and lessons without a part
 * of the others answer that part.
 * Throws    what the method throws, and AbortError
 */
export async function openRefittedMeasure(
  { base, metric }: Measured,
  method: Method,
  { lesson, held, before: said }: WholeLesson,
): Promise<Measure<Patch, Judged>> {
  const learned = await refit(method, lesson, held);
  const every = [held, ...learned.map(({ part }) => part)];
  const order = Int32Array.of(...every.flatMap((part) => [...part]));
  const labels = order.map((i) => lesson.labels[i] as number);
  const before = said ? pickRows(said, order) : firstColumns(pickRows(lesson.logits, order), base.known);
  return async (patch, strength) => {
    const patches = [patch, ...learned.map(({ part: _, ...found }) => withStrength({ ...patch, ...found }, strength))];
    const rows: NdArray[] = [];
    for (const [i, one] of patches.entries()) {
      rows.push(await base.logits(pickRowsOfAll(lesson.inputs, every[i] as Int32Array), one));
    }
    return judge({ before, after: rows.reduce(joinRows), labels }, metric);
  };
}

/** Of a matrix. */
function firstColumns(matrix: NdArray, columns: number): NdArray {
  const width = matrix.shape[1] as number;
  if (columns === width) return matrix;
  return { data: matrix.data.filter((_, at) => at % width < columns), shape: [matrix.shape[0] as number, columns] };
}

/** The same patch with a part of its changes; a patch that remembers examples cannot be scaled. */
export function withStrength(patch: Patch, strength: number): Patch {
  if (strength === 1) return patch;
  const { changes } = mergePatches([{ patch, weight: strength }]);
  return { ...patch, changes };
}
