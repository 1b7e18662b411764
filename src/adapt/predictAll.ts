import { throwIfAborted } from '../core/errors.ts';
import { pickRowsOfAll } from '../core/rows.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { batchIndices } from '../data/views.ts';
import { type Classifier, withFeatures } from '../student/classifier.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import type { Trainer } from '../train/trainer.ts';
import { putRows } from './examples.ts';

const PREDICT_BATCH = 512;

/** Who is asked, and where. */
export interface Asked {
  readonly artifacts: StudentArtifacts;
  readonly classifier: Classifier;
  readonly trainer: Trainer;
  readonly signal: AbortSignal;
}

/** What a student says of examples: the features before its last layer [N, F], and its logits [N, C]. */
export async function answersOf(
  { artifacts, classifier, trainer, signal }: Asked,
  inputs: NamedArrays,
  size: number,
): Promise<{ readonly features: NdArray; readonly logits: NdArray }> {
  const student = studentFromArtifacts('features', withFeatures(artifacts, classifier));
  const answers = await predictRows(trainer, student, inputs, size, signal);
  return {
    features: answers[classifier.features] as NdArray,
    logits: answers[classifier.layer] as NdArray,
  };
}

/** A student's outputs for all rows, some at a time. Throws what the trainer throws, and AbortError. */
export async function predictRows(
  trainer: Trainer,
  student: Parameters<Trainer['predict']>[0],
  inputs: NamedArrays,
  size: number,
  signal: AbortSignal,
): Promise<NamedArrays> {
  const all: Record<string, NdArray> = {};
  for (const indices of batchIndices(size, PREDICT_BATCH)) {
    throwIfAborted(signal);
    const answers = await trainer.predict(student, pickRowsOfAll(inputs, indices));
    for (const [name, rows] of Object.entries(answers)) putRows(all, name, rows, indices[0] as number, size);
  }
  return all;
}
