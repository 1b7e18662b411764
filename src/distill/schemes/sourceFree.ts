import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Run, startRun } from '../../core/run.ts';
import { count, given, notNegative, type OptionsOf, required, schema } from '../../core/schema.ts';
import type { NdArray } from '../../core/shape.ts';
import type { Dataset, LabelledDataset } from '../../data/dataset.ts';
import { weighted } from '../../losses/combination/weighted.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { informationMaximization } from '../../losses/response/informationMaximization.ts';
import { artifactsFrom } from '../../student/artifacts.ts';
import { asStudent } from '../../student/layersModel.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../../student/student.ts';
import { classifierOf, withFeatures, withFrozen, withWeightsOf } from '../../student/topology/classifier.ts';
import { refuseSoftmax } from '../../student/topology/withLogits.ts';
import { centroidLabels } from '../centroidLabels.ts';
import { classProbs } from '../classProbs.ts';
import type { DistillReport } from '../report.ts';
import { checkRoundOptions, HANDED_ON, handedOn, type RoundOptions } from '../roundOptions.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';

const OPTIONS = schema('sourceFree', {
  /** Trained on other data, which is no longer needed. Its last layer is dense and gives 'logits'. It gets the adapted weights. */
  student: required(given<Student | LayersModel>()),
  /** The new data, without labels. */
  data: required(given<Dataset>()),
  /** Rounds, each an epoch on new pseudo-labels. Default 6; the authors take 15 to 30. */
  rounds: count()(6),
  /** Weight of the pseudo-labels. Default 0.1 (SHOT, digits; 0.3 for photos). */
  pseudoLabels: notNegative(0.1),
  /** See `informationMaximization`. Default 1. */
  certainty: notNegative(1),
  /** See `informationMaximization`. Default 1. */
  diversity: notNegative(1),
  ...HANDED_ON,
});

/** The student, the new data, and how to adapt. */
export interface SourceFreeOptions extends RoundOptions, OptionsOf<typeof OPTIONS> {}

/** What happened in a round. */
export type SourceFreeEvent =
  | RoundEvent
  | {
      readonly type: 'labels';
      readonly round: number;
      readonly rounds: number;
      /** The share of examples whose pseudo-label changed since the previous round; 1 in the first. */
      readonly changedFraction: number;
    };

/** The adapted student, and what each round reported. */
export interface Adapted {
  readonly student: Student;
  readonly reports: readonly DistillReport[];
}

/**
 * Source-free adaptation (SHOT): a student that was trained on other data adapts to new data, without labels and without the
 * old data. Its classifier stays fixed. Its features change until answers are confident and use all classes, and follow
 * pseudo-labels, recomputed in each round from the nearest class centroid. It cannot correct whole classes that the student
 * gets wrong. Batches should be several times the number of classes.
 * A cancelled run leaves the student as the last finished step made it.
 * Shapes    features [N, F], the layer before the last; 'logits' [N, C]
 * Units     logits
 * Throws    invalid-option · empty-dataset · student-invalid: not trained, or its last layer is not dense · what `distill` throws
 * Source    Liang, Hu, Feng 2020, "Do We Really Need to Access the Source Data?", arXiv:2002.08546
 * Differs   the authors' optimizer continues over rounds with a falling rate; here it restarts in each
 *
 * @example
 * await distill({ teacher, student, data: labelled }).done;
 * // Later, on another camera's images:
 * await sourceFree({ student, data, optimizer: { learningRate: 0.0005 } }).done;
 */
export function sourceFree(options: SourceFreeOptions): Run<Adapted, SourceFreeEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(
  options: SourceFreeOptions,
  emit: (event: SourceFreeEvent) => void,
  signal: AbortSignal,
): Promise<Adapted> {
  const { data, rounds: most, pseudoLabels, certainty, diversity } = OPTIONS.read(options);
  checkRoundOptions(options);
  const student = asStudent(options.student);
  const before = await artifactsFrom(student);
  refuseSoftmax(before);
  const classifier = classifierOf(before);
  const working = studentFromArtifacts(student.name, withFrozen(before, classifier.layer));
  const terms = [{ loss: informationMaximization({ certainty, diversity }), weight: 1 }];
  if (pseudoLabels > 0) terms.push({ loss: crossEntropy(), weight: pseudoLabels });
  await using rounds = await openRounds({ options, rounds: most, students: [student], emit, signal });
  const reports: DistillReport[] = [];
  let labels: Int32Array | undefined;
  try {
    for (let i = 0; i < most; i++) {
      const round = rounds.begin(student.name);
      const current = withFeatures(working.artifacts as StudentArtifacts, classifier);
      const seen = await rounds.predict(studentFromArtifacts(student.name, current), data);
      const made = centroidLabels(seen[classifier.features] as NdArray, classProbs(seen, { output: classifier.layer }));
      emit({ type: 'labels', round, rounds: most, changedFraction: changed(labels, made) });
      labels = made;
      const loss = weighted(terms);
      const learned = await rounds.distill({
        ...handedOn(options),
        ...{ student: working, data: withLabels(data, made), loss, epochs: 1 },
      });
      reports.push(learned.report);
    }
  } finally {
    // However it ends, the student is as the last finished step left it, with all layers trainable again.
    await student.adopt(withWeightsOf(before, working.artifacts as StudentArtifacts));
  }
  return { student, reports };
}

function changed(before: Int32Array | undefined, now: Int32Array): number {
  if (before === undefined) return 1;
  return now.filter((label, i) => label !== before[i]).length / now.length;
}

function withLabels(data: Dataset, labels: Int32Array): LabelledDataset {
  const read = async (indices: Int32Array, signal?: AbortSignal) => ({
    inputs: (await data.read(indices, signal)).inputs,
    labels: indices.map((index) => labels[index] as number),
  });
  return { ...data, hasLabels: true, read };
}
