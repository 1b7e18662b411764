import type { NdArray } from '../core/shape.ts';
import { argMax } from '../core/stats.ts';
import { applyPatch } from '../student/applyPatch.ts';
import { classifierOf } from '../student/classifier.ts';
import type { Patch } from '../student/patch.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import type { Trainer } from '../train/trainer.ts';
import type { BeforeAfter, GuardMetric } from './guard.ts';
import { predictRows } from './predictAll.ts';
import type { HeldExamples } from './prepareLesson.ts';

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
    const answers = await predictRows(trainer, student, inputs, size, signal);
    return scored(metric, (answers['logits'] ?? Object.values(answers)[0]) as NdArray, labels);
  };
  // A class that the base does not know has a logit of zero here, and is not what the base would say.
  const known = classifierOf(artifacts).classes;
  const asked = examples?.logits;
  let before = asked?.shape[1] === known ? scored(metric, asked, labels) : undefined;
  return async (patch) => {
    before ??= await scoreOf(studentFromArtifacts('base', artifacts));
    return { before, after: await scoreOf(await applyPatch(artifacts, patch)) };
  };
}

/**
 * The fraction of right answers, or the mean negative log-likelihood; a class that the answers do not know is wrong, at the
 * cost of the least likely one.
 * Shapes    logits [N, C], labels [N]
 * Units     a fraction, or nats
 */
export function scored(metric: GuardMetric, logits: NdArray, labels: Int32Array): number {
  const classes = logits.shape[1] as number;
  let sum = 0;
  for (const [i, label] of labels.entries()) {
    const from = i * classes;
    if (metric === 'accuracy') sum += argMax(logits.data, from, classes) === label ? 1 : 0;
    else {
      const row = Array.from(logits.data.subarray(from, from + classes));
      const top = Math.max(...row);
      const norm = top + Math.log(row.reduce((all, z) => all + Math.exp(z - top), 0));
      sum += norm - (row[label] ?? Math.min(...row));
    }
  }
  return sum / labels.length;
}
