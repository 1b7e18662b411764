import type { LabelledDataset } from '../data/dataset.ts';
import { batches } from '../data/views.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Metric } from '../train/metric.ts';
import { accuracy } from '../train/metrics/accuracy.ts';
import type { Trainer } from '../train/trainer.ts';
import { answersOf } from './localTraining.ts';

/** The share of labelled examples that weights answer rightly. */
export const accuracyOf = (...asked: Weights) => scoreOf(accuracy, ...asked);

type Weights = [
  trainer: Pick<Trainer, 'predict'>,
  artifacts: StudentArtifacts,
  holdout: LabelledDataset,
  signal: AbortSignal,
];

/** What a metric that reads labels says of weights on labelled examples. */
export async function scoreOf(metric: Metric, ...[trainer, artifacts, holdout, signal]: Weights): Promise<number> {
  const outputs = await answersOf(trainer, artifacts, holdout, signal);
  const student = outputs['logits'] ?? Object.values(outputs)[0];
  const labels = new Int32Array(holdout.size);
  for await (const { indices, examples } of batches(holdout, 256, { signal })) labels.set(examples.labels, indices[0]);
  return student === undefined ? Number.NaN : metric.compute({ student, labels });
}
