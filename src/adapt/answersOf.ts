import type { NamedArrays, NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { type Classifier, withFeatures } from '../student/classifier.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import { predictAll } from '../train/predictAll.ts';
import type { Trainer } from '../train/trainer.ts';

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
): Promise<{ readonly features: NdArray; readonly logits: NdArray }> {
  const student = studentFromArtifacts('features', withFeatures(artifacts, classifier));
  const answers = await predictAll(trainer, student, fromArrays(inputs), signal);
  return {
    features: answers[classifier.features] as NdArray,
    logits: answers[classifier.layer] as NdArray,
  };
}
