import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { topClassesOf } from '../../core/logProbs.ts';
import { joinRows, pickRows } from '../../core/rows.ts';
import { type Run, startRun } from '../../core/run.ts';
import { count, fraction, given, type OptionsOf, oneOf, required, schema } from '../../core/schema.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import { checkNotEmpty, type Dataset, type LabelledDataset } from '../../data/dataset.ts';
import { joined } from '../../data/joined.ts';
import { batches, pick, withoutLabels } from '../../data/views.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import { asStudent } from '../../student/layersModel.ts';
import type { Student } from '../../student/student.ts';
import { readAsLogits } from '../../teacher/readAsLogits.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import { classAnswersOf } from '../classAnswers.ts';
import { classProbs, oneHot, toLogits } from '../classProbs.ts';
import { checkPerClass, confidentIndices } from '../confident.ts';
import type { DistillOptions } from '../distillOptions.ts';
import type { DistillReport } from '../report.ts';
import { checkRoundOptions, EPOCHS, HANDED_ON, handedOn, type RoundOptions } from '../roundOptions.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';
import { storedAnswers } from '../storedAnswers.ts';

const OPTIONS = schema('noisyStudent', {
  /** Training data of the first teacher and of every student. */
  labelled: required(given<LabelledDataset>()),
  /** Examples without labels, such as the user's data on the device. */
  unlabelled: required(given<Dataset>()),
  /** Makes the student of a generation, where 0 is the first teacher: as large as the previous one, or larger. */
  student: required(given<(generation: number) => Student | LayersModel>()),
  /** Labels the unlabelled examples for the first generation. Default: a student(0) that learns from the labels. */
  teacher: given<Teacher>(checkTeacher),
  /** Default 3 (Noisy Student, §3.2). */
  generations: count()(3),
  ...EPOCHS,
  /** The lowest probability of the most likely class for an example to be used. Default 0.3 (Noisy Student). */
  least: fraction(0.3),
  /** How many examples each class gets, repeated if there are fewer. Default: 'mean', their average number. */
  perClass: given<number | 'mean'>(checkPerClass),
  /** What to learn from an unlabelled example: all probabilities or the most likely class. Default 'soft'. */
  targets: oneOf('soft', 'hard')('soft'),
  ...HANDED_ON,
});

/** The first teacher, the data, and which of its answers to use. */
export interface NoisyStudentOptions extends RoundOptions, Pick<DistillOptions, 'epochs'>, OptionsOf<typeof OPTIONS> {}

/** What happened in a generation. */
export type NoisyStudentEvent =
  | RoundEvent
  | {
      readonly type: 'named';
      readonly round: number;
      readonly rounds: number;
      /** Unlabelled examples in use, counted once each, and their number with repetitions. */
      readonly used: number;
      readonly balanced: number;
    };

/** The last student, and each generation's report; without a teacher the first is student(0)'s. */
export interface NoisyTaught {
  readonly student: Student;
  readonly reports: readonly DistillReport[];
}

/**
 * Noisy student training: a teacher labels unlabelled examples, the confident ones are balanced over classes, and an equal or
 * larger student learns them under noise, together with the labelled data; then it becomes the teacher. The noise is
 * `augment` and the student's dropout; without any, this is plain self-training. Each generation repeats errors in confident
 * examples.
 * A cancelled run leaves the current student, which your function made, as the last finished step left it.
 * Shapes    'logits' [B, C] of the teacher and of each student
 * Units     logits
 * Throws    invalid-option · labels-missing · empty-dataset: no example is confident, or there is none · class-mismatch ·
 *           shape-mismatch · what `distill` and the teacher throw
 * Source    Xie et al. 2020, "Self-training with Noisy Student", arXiv:1911.04252
 * Differs   labelled and unlabelled examples form one set in their actual proportion; the paper takes separate batches in a
 *           fixed proportion
 *
 * @example
 * const run = noisyStudent({
 *   labelled, unlabelled: data, student: (generation) => mlp({ hidden: [64 * (generation + 1)] }), augment: { shift: 2, rotate: 10 },
 * });
 * const { student } = await run.done;
 */
export function noisyStudent(options: NoisyStudentOptions): Run<NoisyTaught, NoisyStudentEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(
  options: NoisyStudentOptions,
  emit: (event: NoisyStudentEvent) => void,
  signal: AbortSignal,
): Promise<NoisyTaught> {
  checkOptions(options);
  const {
    labelled,
    unlabelled,
    holdout,
    generations,
    epochs,
    least,
    perClass = 'mean',
    targets,
  } = OPTIONS.read(options);
  const teacher = options.teacher && readAsLogits(options.teacher);
  const labels = await labelsOf(labelled, signal);
  const all = joined(withoutLabels(labelled), withoutLabels(unlabelled));
  const loss = softTargets({ temperature: 1 });
  await using rounds = await openRounds({ options, rounds: generations, emit, signal });
  const common = { ...handedOn(options), epochs };
  const reports: DistillReport[] = [];
  let student: Student | undefined;
  if (teacher === undefined) {
    student = asStudent(options.student(0));
    rounds.begin(student.name, 0);
    reports.push((await rounds.distill({ ...common, student, data: labelled, loss: crossEntropy() })).report);
  }
  for (let generation = 1; generation <= generations; generation++) {
    const before = student;
    const learner = asStudent(options.student(generation));
    student = learner;
    const round = rounds.begin(learner.name);
    const checkAnswers = async (first: NamedArrays) => {
      const probs = classProbs(first);
      checkedLabels(labels, probs);
      await rounds.checkAll({ ...handedOn(options), student: learner, data: all, loss }, probs.shape[1] as number);
    };
    const ask = (data: Dataset) =>
      before === undefined ? rounds.ask(teacher as Teacher, data, checkAnswers) : rounds.predict(before, data);
    const probs = classProbs(await ask(unlabelled));
    const known = oneHot(checkedLabels(labels, probs), probs.shape[1] as number);
    const chosen = confidentIndices(probs, { least, perClass, given: 'probs' });
    if (chosen.length === 0) throw nobodySure(unlabelled.size, least, round);
    emit({ type: 'named', round, rounds: generations, used: new Set(chosen).size, balanced: chosen.length });
    const named = targets === 'soft' ? pickRows(probs, chosen) : mostLikely(pickRows(probs, chosen));
    const heldOut = holdout && { holdout: { logits: toLogits(classProbs(await ask(holdout))) } };
    const name = before === undefined ? (teacher as Teacher).description.name : `generation ${generation - 1}`;
    const stored = storedAnswers({ logits: toLogits(joinRows(known, named)) }, { name, ...heldOut });
    const places = Int32Array.from({ length: labels.length + chosen.length }, (_, i) =>
      i < labels.length ? i : labels.length + (chosen[i - labels.length] as number),
    );
    reports.push((await rounds.distill({ ...common, ...stored, student, data: pick(all, places), loss })).report);
  }
  return { student: student as Student, reports };
}

/** Probability 1 for the most likely class. */
function mostLikely(probs: NdArray): NdArray {
  const { logProbs, classes } = classAnswersOf(probs, 'probs');
  return oneHot(topClassesOf(logProbs, classes).classes, classes);
}

async function labelsOf(data: LabelledDataset, signal: AbortSignal): Promise<Int32Array> {
  const labels = new Int32Array(data.size);
  for await (const { indices, examples } of batches(data, 256, { signal }))
    labels.set(examples.labels, indices[0] as number);
  return labels;
}

function checkedLabels(labels: Int32Array, { shape }: NdArray): Int32Array {
  const classes = shape[1] as number;
  const wrong = labels.find((label) => label < 0 || label >= classes);
  if (wrong === undefined) return labels;
  throw new LimbeckError(
    'class-mismatch',
    `The label ${wrong} is none of the ${classes} classes that the teacher knows.`,
    {
      details: { label: wrong, classes },
    },
  );
}

function nobodySure(size: number, least: number, round: number): LimbeckError {
  return new LimbeckError(
    'empty-dataset',
    `In generation ${round} none of ${size} answers is as confident as ${least}. Lower "least", or train the teacher longer.`,
    { details: { least, round } },
  );
}

function checkOptions(options: NoisyStudentOptions): void {
  const { labelled, unlabelled, student } = OPTIONS.read(options);
  if (labelled?.hasLabels !== true) {
    throw new LimbeckError(
      'labels-missing',
      'noisyStudent needs labelled data; give "labelled": fromArrays(inputs, labels).',
    );
  }
  if (typeof unlabelled?.read !== 'function') {
    throw new LimbeckError('invalid-option', 'noisyStudent needs "unlabelled" data; make it with fromArrays(…).');
  }
  if (typeof student !== 'function') {
    throw new LimbeckError(
      'invalid-option',
      'noisyStudent needs a function that makes the student of a generation: (n) => mlp(…).',
    );
  }
  const { student: _, ...others } = options;
  checkRoundOptions({ ...others, data: labelled });
  checkNotEmpty(unlabelled, 'unlabelled data');
}

function checkTeacher(teacher: Teacher): void {
  if (typeof teacher?.ask === 'function') return;
  throw new LimbeckError('invalid-option', '"teacher" must be a teacher; load one with loadTeacher(…).done.');
}
