import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { joinRows, pickRows, pickRowsOfAll } from '../core/rows.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { applyPatch } from '../student/applyPatch.ts';
import { classifierOf } from '../student/classifier.ts';
import type { Patch } from '../student/patch.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import { withLogits } from '../student/withLogits.ts';
import type { Metric } from '../train/metric.ts';
import { predictAll } from '../train/predictAll.ts';
import type { Trainer } from '../train/trainer.ts';
import { crossFit, refit } from './crossFit.ts';
import type { Measure } from './firstAccepted.ts';
import { type Answered, type Compared, type Judged, judge } from './judged.ts';
import type { Lesson, Method } from './method.ts';
import type { HeldExamples } from './prepareLesson.ts';
import { withStrength } from './withStrength.ts';

/** Whose patches are measured, and how. */
export interface Measured {
  readonly artifacts: StudentArtifacts;
  readonly metric: Metric;
  readonly trainer: Trainer;
  readonly signal: AbortSignal;
}

/** On some examples; undefined without any, or without labels. The base is asked once. */
export function openMeasure<T extends Compared>(
  measured: Measured,
  examples: HeldExamples | undefined,
  by: (answered: Answered, metric: Metric) => T,
): Measure<Patch, T> {
  const { artifacts, metric } = measured;
  const { labels, inputs, size } = examples ?? { labels: undefined, inputs: {}, size: 0 };
  if (labels === undefined || size === 0) return async () => undefined;
  // A class that the base does not know has a logit of zero here, and is not what the base would say.
  const asked = examples?.logits;
  let before = asked?.shape[1] === classifierOf(artifacts).classes ? asked : undefined;
  return async (patch) => {
    before ??= await logitsOf(measured, artifacts, inputs);
    const patched = await applyPatch(artifacts, patch);
    const after = await logitsOf(measured, patched.artifacts as StudentArtifacts, inputs);
    return by({ before, after, labels }, metric);
  };
}

async function logitsOf({ trainer, signal }: Measured, artifacts: StudentArtifacts, inputs: NamedArrays) {
  const student = studentFromArtifacts('measured', withLogits(artifacts));
  const answers = await predictAll(trainer, student, fromArrays(inputs), signal);
  return (answers[DEFAULT_OUTPUT] ?? Object.values(answers)[0]) as NdArray;
}

/**
 * On the person's examples, each answered by what the others taught. A patch stands for its strength alone here: how it was
 * learned is what is judged.
 * Throws    what the method throws, and AbortError
 */
export async function openCrossMeasure(
  { artifacts, metric }: Measured,
  method: Method,
  lesson: Lesson,
  fraction: number,
): Promise<Measure<Patch, Judged>> {
  const labels = lesson.labels.slice(0, lesson.own);
  const added = await crossFit(method, lesson, fraction);
  const former = pickRows(
    lesson.logits,
    Int32Array.from({ length: lesson.own }, (_, i) => i),
  );
  const before = firstColumns(former, classifierOf(artifacts).classes);
  return async (_patch, strength) => {
    const data = Float32Array.from(former.data, (logit, at) => logit + strength * (added.data[at] as number));
    return judge({ before, after: { data, shape: former.shape }, labels }, metric);
  };
}

/** A lesson of all examples, of which some were held out while the patch was learned. */
export interface WholeLesson {
  readonly lesson: Lesson;
  readonly held: Int32Array;
}

/**
 * The same for any method, where those that were held out did not decide: the patch answers for them, and lessons that leave
 * out a part of the others each for that part.
 * Throws    what the method throws, and AbortError
 */
export async function openRefittedMeasure(
  measured: Measured,
  method: Method,
  { lesson, held }: WholeLesson,
): Promise<Measure<Patch, Judged>> {
  const { artifacts, metric } = measured;
  const learned = await refit(method, lesson, held);
  const every = [held, ...learned.map(({ part }) => part)];
  const order = Int32Array.of(...every.flatMap((part) => [...part]));
  const labels = order.map((i) => lesson.labels[i] as number);
  const before = firstColumns(pickRows(lesson.logits, order), classifierOf(artifacts).classes);
  return async (patch, strength) => {
    const patches = [patch, ...learned.map(({ part: _, ...found }) => withStrength({ ...patch, ...found }, strength))];
    const rows: NdArray[] = [];
    for (const [i, one] of patches.entries()) {
      const patched = await applyPatch(artifacts, one);
      const inputs = pickRowsOfAll(lesson.inputs, every[i] as Int32Array);
      rows.push(await logitsOf(measured, patched.artifacts as StudentArtifacts, inputs));
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
