import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { type Run, startRun } from '../../core/run.ts';
import { count, given, notNegative, type OptionsOf, positive, required, schema } from '../../core/schema.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { type Dataset, isLabelled, type LabelledDataset } from '../../data/dataset.ts';
import { weighted } from '../../losses/combination/weighted.ts';
import type { Loss } from '../../losses/loss.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { formerOutputs } from '../../losses/response/formerOutputs.ts';
import { artifactsFrom } from '../../student/artifacts.ts';
import { type Student, studentFromArtifacts } from '../../student/student.ts';
import { classifierOf, withClasses } from '../../student/topology/classifier.ts';
import { refuseSoftmax } from '../../student/topology/withLogits.ts';
import { readAsLogits } from '../../teacher/readAsLogits.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import { classProbs } from '../classProbs.ts';
import type { DistillOptions } from '../distillOptions.ts';
import { checkRoundOptions, EPOCHS, HANDED_ON, handedOn, type RoundOptions } from '../roundOptions.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';
import type { Distilled } from '../runDistill.ts';
import { storedAnswers } from '../storedAnswers.ts';

const OPTIONS = schema('withoutForgetting', {
  /** A trained student, which is not changed. Its last layer is dense and gives 'logits'. */
  student: required(given<Student | LayersModel>()),
  /** New labelled examples, of former classes or of new ones, which are numbered after the former. */
  data: required(given<LabelledDataset>()),
  /** The number of classes, former and new. Default: the student's. */
  classes: count()(),
  /** The teacher for the former classes, which are its 'logits'. Default: the given student. */
  former: given<Teacher>(checkFormer),
  /** Weight of the former answers, if the labels weigh 1. Default 1 (LwF). */
  weight: notNegative(1),
  /** Softens the former answers. Default 2 (LwF). */
  temperature: positive(2),
  ...EPOCHS,
  ...HANDED_ON,
});

/** The new data, and how strongly to keep the former answers. */
export interface WithoutForgettingOptions
  extends RoundOptions,
    Pick<DistillOptions, 'epochs'>,
    OptionsOf<typeof OPTIONS> {}

/**
 * Learning without forgetting (LwF): a trained student learns new data or new classes, and keeps its former answers to that
 * data for the classes it knew. No former example is needed. The former answers are recorded before the first step. The
 * result is a new student; the given one never changes.
 * Shapes    former 'logits' [B, K] → 'logits' [B, C], of which the first K are the former ones
 * Units     logits
 * Throws    invalid-option · labels-missing · student-invalid: not trained, or its last layer is not dense · class-mismatch ·
 *           what `distill` throws
 * Source    Li and Hoiem 2016, fig. 3 and eq. 1 to 3, arXiv:1606.09282
 * Differs   the authors first train only the new classes' weights for some epochs; here all weights learn from the start
 *
 * @example
 * // Ten classes so far, and two more in the data:
 * const { student: grown } = await withoutForgetting({ student, data: labelled, classes: 12 }).done;
 */
export function withoutForgetting(options: WithoutForgettingOptions): Run<Distilled, RoundEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(
  options: WithoutForgettingOptions,
  emit: (event: RoundEvent) => void,
  signal: AbortSignal,
): Promise<Distilled> {
  checkOptions(options);
  const { data, holdout, weight, temperature, epochs, seed } = OPTIONS.read(options);
  const former = options.former && readAsLogits(options.former);
  const before = await artifactsFrom(options.student);
  refuseSoftmax(before);
  const own = classifierOf(before).classes;
  const student = studentFromArtifacts('without forgetting', withClasses(before, options.classes ?? own, seed));
  await using rounds = await openRounds({ options, rounds: 1, emit, signal });
  rounds.begin(student.name);
  const check = (known: number) =>
    rounds.checkAll({ ...handedOn(options), student, data, loss: lossOf(known, weight, temperature) }, known);
  const checkKnown = (first: NamedArrays) => check(classProbs(first).shape[1] as number);
  if (former === undefined) await check(own);
  const itself = studentFromArtifacts('former', before);
  const recall = (dataset: Dataset) =>
    former === undefined ? rounds.predict(itself, dataset) : rounds.ask(former, dataset, checkKnown);
  const answers = await recall(data);
  const known = classProbs(answers).shape[1] as number;
  const stored = storedAnswers(answers, {
    name: former?.description.name ?? 'former self',
    ...(holdout && { holdout: await recall(holdout) }),
  });
  const loss = lossOf(known, weight, temperature);
  // Awaited here, because otherwise the trainer would close before it ends.
  return await rounds.distill({ ...handedOn(options), ...stored, student, data, loss, epochs });
}

function lossOf(known: number, weight: number, temperature: number): Loss {
  const terms = [{ loss: crossEntropy(), weight: 1 }];
  if (weight > 0) terms.push({ loss: formerOutputs({ classes: [0, known], temperature }), weight });
  return weighted(terms);
}

function checkOptions(options: WithoutForgettingOptions): void {
  const { data } = OPTIONS.read(options);
  checkRoundOptions(options);
  if (!isLabelled(data)) {
    throw new LimbeckError('labels-missing', 'withoutForgetting needs labelled data; give fromArrays(inputs, labels).');
  }
}

function checkFormer(former: Teacher): void {
  if (typeof former?.ask === 'function') return;
  throw new LimbeckError('invalid-option', '"former" must be a teacher, such as await snapshot(student).');
}
