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
  /** Trained; it stays as it is. Its last layer is dense and gives 'logits'. */
  student: required(given<Student | LayersModel>()),
  /** New examples with their labels: of new classes, which come after the former ones, or of former ones. */
  data: required(given<LabelledDataset>()),
  /** All classes, former and new. Default: as many as the student has. */
  classes: count()(),
  /** Who remembers, with the former classes as its 'logits'. Default: the student as it is. */
  former: given<Teacher>(checkFormer),
  /** Weight of the former answers; that of the labels is 1. Default 1 (LwF). */
  weight: notNegative(1),
  /** Softens the former answers. Default 2 (LwF). */
  temperature: positive(2),
  ...EPOCHS,
  ...HANDED_ON,
});

/** What is learned, and how strongly the former answers hold. */
export interface WithoutForgettingOptions
  extends RoundOptions,
    Pick<DistillOptions, 'epochs'>,
    OptionsOf<typeof OPTIONS> {}

/**
 * Learning without forgetting (LwF): a trained student learns new data, or new classes, and on the same new data keeps
 * giving its former answers for the classes it knew. No former example is needed. What it said is written down before the
 * first step; the result is another student, and the given one stays as it was, whatever happens.
 * Shapes    former 'logits' [B, K] → 'logits' [B, C], of which the first K are the former ones
 * Units     logits
 * Throws    invalid-option · labels-missing · student-invalid: not trained, or its last layer is not dense · class-mismatch ·
 *           what `distill` throws
 * Source    Li and Hoiem 2016, fig. 3 and eq. 1 to 3, arXiv:1606.09282
 * Differs   the authors first train the new classes' weights alone for some epochs; here all learn from the start
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
  // Awaited here, or the trainer would be closed under it.
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
