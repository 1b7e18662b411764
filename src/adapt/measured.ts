import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { applyPatch } from '../student/applyPatch.ts';
import { classifierOf } from '../student/classifier.ts';
import type { Patch } from '../student/patch.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import type { Metric } from '../train/metric.ts';
import { accuracy } from '../train/metrics/accuracy.ts';
import { negativeLogLikelihood } from '../train/metrics/negativeLogLikelihood.ts';
import { predictAll } from '../train/predictAll.ts';
import type { Trainer } from '../train/trainer.ts';
import type { BeforeAfter, GuardMetric } from './guard.ts';
import type { HeldExamples } from './prepareLesson.ts';

const METRICS: Readonly<Record<GuardMetric, Metric>> = { accuracy, negativeLogLikelihood };

/** Whose patches are measured, and how. */
export interface Measured {
  readonly artifacts: StudentArtifacts;
  readonly metric: GuardMetric;
  readonly trainer: Trainer;
  readonly signal: AbortSignal;
}

/** The metric of base and patched student on some examples; undefined without examples or labels. The base is asked once. */
export function openMeasure(
  { artifacts, metric, trainer, signal }: Measured,
  examples: HeldExamples | undefined,
): (patch: Patch) => Promise<BeforeAfter | undefined> {
  const { labels, inputs, size } = examples ?? { labels: undefined, inputs: {}, size: 0 };
  if (labels === undefined || size === 0) return async () => undefined;
  const scoreOf = async (student: Student) => {
    const answers = await predictAll(trainer, student, fromArrays(inputs), signal);
    const logits = (answers[DEFAULT_OUTPUT] ?? Object.values(answers)[0]) as NdArray;
    return METRICS[metric].compute({ student: logits, labels });
  };
  // A class that the base does not know has a logit of zero here, and is not what the base would say.
  const known = classifierOf(artifacts).classes;
  const asked = examples?.logits;
  let before = asked?.shape[1] === known ? METRICS[metric].compute({ student: asked, labels }) : undefined;
  return async (patch) => {
    before ??= await scoreOf(studentFromArtifacts('base', artifacts));
    return { before, after: await scoreOf(await applyPatch(artifacts, patch)) };
  };
}
