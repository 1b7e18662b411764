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
  /** Trained on other data, which is not needed any more. Its last layer is dense and gives 'logits'. It gets the adapted weights. */
  student: required(given<Student | LayersModel>()),
  /** What it is to become good at; without labels. */
  data: required(given<Dataset>()),
  /** Rounds, each an epoch on newly made labels. Default 6; the authors take 15 to 30. */
  rounds: count()(6),
  /** Weight of the made labels. Default 0.1 (SHOT, digits; 0.3 for photos). */
  pseudoLabels: notNegative(0.1),
  /** See `informationMaximization`. Default 1. */
  certainty: notNegative(1),
  /** See `informationMaximization`. Default 1. */
  diversity: notNegative(1),
  ...HANDED_ON,
});

/** What a student is adapted to, and how. */
export interface SourceFreeOptions extends RoundOptions, OptionsOf<typeof OPTIONS> {}

/** What happened in a round. */
export type SourceFreeEvent =
  | RoundEvent
  | {
      readonly type: 'labels';
      readonly round: number;
      readonly rounds: number;
      /** The share of examples with another made label than in the round before; 1 in the first. */
      readonly changedFraction: number;
    };

/** The adapted student, and what each round reported. */
export interface Adapted {
  readonly student: Student;
  readonly reports: readonly DistillReport[];
}

/**
 * Source-free adaptation (SHOT): a student that was trained on other data learns to work on new data without a label and
 * without the old data. Its classifier stays as it is; its features move until answers are certain and all classes are in
 * use, and follow labels that are made anew each round from the nearest of the classes' centers. It knows no more than the
 * student did: where that is wrong about whole classes, it stays wrong. Batches should be several times the number of classes.
 * A cancelled run leaves the student as the last finished step made it.
 * Shapes    features [N, F], the layer before the last; 'logits' [N, C]
 * Units     logits
 * Throws    invalid-option · empty-dataset · student-invalid: not trained, or its last layer is not dense · what `distill` throws
 * Source    Liang, Hu, Feng 2020, "Do We Really Need to Access the Source Data?", arXiv:2002.08546
 * Differs   the authors' optimizer goes on over rounds with a falling rate; here it starts anew in each
 *
 * @example
 * await distill({ teacher, student, data: labelled }).done;
 * // Later, on what another camera sees:
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
    // Whatever ends it, the student is as the last finished step left it, and learns with all its layers again.
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
