import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { pickRows } from '../core/rows.ts';
import type { NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { applyPatch } from '../student/applyPatch.ts';
import { classifierOf } from '../student/classifier.ts';
import type { Patch } from '../student/patch.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import { withLogits } from '../student/withLogits.ts';
import type { Metric } from '../train/metric.ts';
import { accuracy } from '../train/metrics/accuracy.ts';
import { negativeLogLikelihood } from '../train/metrics/negativeLogLikelihood.ts';
import { predictAll } from '../train/predictAll.ts';
import type { Trainer } from '../train/trainer.ts';
import { crossFit } from './crossFit.ts';
import type { BeforeAfter, GuardMetric } from './guard.ts';
import type { Lesson, Method } from './method.ts';
import type { HeldExamples } from './prepareLesson.ts';

const METRICS: Readonly<Record<GuardMetric, Metric>> = { accuracy, negativeLogLikelihood };

/** Whose patches are measured, and how. */
export interface Measured {
  readonly artifacts: StudentArtifacts;
  readonly metric: GuardMetric;
  readonly trainer: Trainer;
  readonly signal: AbortSignal;
}

/** The metric of base and patched student; undefined where nothing can be measured. */
export type Measure = (patch: Patch, strength: number) => Promise<BeforeAfter | undefined>;

/** On some examples; undefined without any, or without labels. The base is asked once. */
export function openMeasure(
  { artifacts, metric, trainer, signal }: Measured,
  examples: HeldExamples | undefined,
): Measure {
  const { labels, inputs, size } = examples ?? { labels: undefined, inputs: {}, size: 0 };
  if (labels === undefined || size === 0) return async () => undefined;
  const scoreOf = async (changed: StudentArtifacts) => {
    const student = studentFromArtifacts('measured', withLogits(changed));
    const answers = await predictAll(trainer, student, fromArrays(inputs), signal);
    const logits = (answers[DEFAULT_OUTPUT] ?? Object.values(answers)[0]) as NdArray;
    return METRICS[metric].compute({ student: logits, labels });
  };
  // A class that the base does not know has a logit of zero here, and is not what the base would say.
  const known = classifierOf(artifacts).classes;
  const asked = examples?.logits;
  let before = asked?.shape[1] === known ? METRICS[metric].compute({ student: asked, labels }) : undefined;
  return async (patch) => {
    before ??= await scoreOf(artifacts);
    const patched = await applyPatch(artifacts, patch);
    return { before, after: await scoreOf(patched.artifacts as StudentArtifacts) };
  };
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
): Promise<Measure> {
  const labels = lesson.labels.slice(0, lesson.own);
  const added = await crossFit(method, lesson, fraction);
  const former = pickRows(
    lesson.logits,
    Int32Array.from({ length: lesson.own }, (_, i) => i),
  );
  const scoreOf = (student: NdArray) => METRICS[metric].compute({ student, labels });
  const before = scoreOf(firstColumns(former, classifierOf(artifacts).classes));
  return async (_patch, strength) => {
    const data = Float32Array.from(former.data, (logit, at) => logit + strength * (added.data[at] as number));
    return { before, after: scoreOf({ data, shape: former.shape }) };
  };
}

/** Of a matrix. */
function firstColumns(matrix: NdArray, columns: number): NdArray {
  const width = matrix.shape[1] as number;
  if (columns === width) return matrix;
  return { data: matrix.data.filter((_, at) => at % width < columns), shape: [matrix.shape[0] as number, columns] };
}
