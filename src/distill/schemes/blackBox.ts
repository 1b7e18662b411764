import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';
import { derivedSeed, permutation, type Random, seededRandom } from '../../core/random.ts';
import { joinRows } from '../../core/rows.ts';
import { type Run, startRun } from '../../core/run.ts';
import { count, fraction, given, notNegative, type OptionsOf, required, schema } from '../../core/schema.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import type { Dataset } from '../../data/dataset.ts';
import { type Mixture, mixedUp } from '../../data/mixedUp.ts';
import { withExampleWeights } from '../../data/withExampleWeights.ts';
import { weighted } from '../../losses/combination/weighted.ts';
import type { Loss } from '../../losses/loss.ts';
import { informationMaximization } from '../../losses/response/informationMaximization.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import { asStudent } from '../../student/layersModel.ts';
import type { Student } from '../../student/student.ts';
import { readAsLogits } from '../../teacher/readAsLogits.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import { CLASS_PROBS, type ClassProbsOptions, classProbs, mixed, toLogits, topSmoothed } from '../classProbs.ts';
import type { DistillOptions } from '../distillOptions.ts';
import type { DistillReport } from '../report.ts';
import { checkRoundOptions, HANDED_ON, handedOn, type RoundOptions } from '../roundOptions.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';
import { storedAnswers } from '../storedAnswers.ts';

const OPTIONS = schema('blackBox', {
  /** It is asked once about each example; only its `output` is used. */
  teacher: required(given<Teacher>()),
  /** Trained or not; it gets the new weights. */
  student: required(given<Student | LayersModel>()),
  /** Without labels. */
  data: required(given<Dataset>()),
  ...CLASS_PROBS.fields,
  /** Rounds, each an epoch. Default 6; the authors take 30. */
  rounds: count()(6),
  /** How many of the teacher's probabilities to keep; the rest is spread evenly. Default 1 (DINE). */
  top: count()(1),
  /** The share of the targets kept in each round; the rest is the student's current answer. Default 0.6 (DINE). */
  memory: fraction(0.6),
  /** α of the Beta distribution that mixes pairs of examples; 0 mixes none. Default 0.3 (DINE). */
  mixup: notNegative(0.3),
  /** Weight of `informationMaximization` while it learns. Default 1 (DINE). */
  information: notNegative(1),
  /** Epochs of `informationMaximization` alone at the end; 0 for none. Default 1; the authors take 30. */
  fineTuneEpochs: count(0)(1),
  ...HANDED_ON,
});

/** The teacher, and how far its outputs are trusted. */
export interface BlackBoxOptions extends RoundOptions, ClassProbsOptions, OptionsOf<typeof OPTIONS> {}

/** The student, and what each round reported; that of the fine-tuning comes last. */
export interface BlackBoxTaught {
  readonly student: Student;
  readonly reports: readonly DistillReport[];
}

/**
 * Learning from a black box (DINE): only the outputs of a teacher that was trained on other data are known. The student
 * learns the most likely classes, with the rest smoothed. The targets move towards the student's own answers, pairs of
 * examples and their targets are mixed, and information maximization asks for confident answers that use all classes. It
 * alone trains the last epochs. The teacher may be a service that gives only its largest probabilities, or only a class: see
 * `given`. A cancelled run leaves the student as the last finished step made it.
 * Shapes    the teacher's output [N, C], or labels [N]; the student's 'logits' [N, C]
 * Units     what `given` says; the student's are logits
 * Throws    invalid-option · empty-dataset · unknown-output · shape-mismatch · class-mismatch · not-finite · what `distill`
 *           and the teacher throw
 * Source    Liang et al. 2022, "DINE: Domain Adaptation from Single and Multiple Black-box Predictors", arXiv:2104.01539
 * Differs   mixtures are drawn, and their targets predicted, once per round instead of in each step, in the first round from
 *           the teacher's targets; the optimizer restarts in each round
 *
 * @example
 * const { student: taught } = await blackBox({ teacher, student: cnn({ classes: 10 }), data, top: 2 }).done;
 *
 * // A service that gives the index of a class in an output 'class':
 * await blackBox({ teacher, given: 'labels', output: 'class', classes: 10, student, data }).done;
 */
export function blackBox(options: BlackBoxOptions): Run<BlackBoxTaught, RoundEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(
  options: BlackBoxOptions,
  emit: (event: RoundEvent) => void,
  signal: AbortSignal,
): Promise<BlackBoxTaught> {
  checkOptions(options);
  const { data, holdout, rounds: most, top, memory, mixup, seed, ...others } = OPTIONS.read(options);
  const { output, given: form, classes, information, fineTuneEpochs } = others;
  const student = asStudent(options.student);
  await using rounds = await openRounds({
    ...{ options, rounds: most + (fineTuneEpochs > 0 ? 1 : 0), emit, signal },
    students: [student],
  });
  const teacher = options.given === undefined ? readAsLogits(options.teacher, [output]) : options.teacher;
  const probsOf = (answers: NamedArrays) => {
    const isLog = form === 'probs' && teacher.description.fromProbs?.includes(output);
    return classProbs(answers, { output, given: isLog ? 'logits' : form, ...(classes && { classes }) });
  };
  const checkAnswers = (first: NamedArrays) => {
    const { shape } = topSmoothed(probsOf(first), top);
    return rounds.checkAll(
      { ...handedOn(options), student, data, loss: lossOf(false, information) },
      shape[1] as number,
    );
  };
  let targets = topSmoothed(probsOf(await rounds.ask(teacher, data, checkAnswers)), top);
  const ofHoldout = holdout && toLogits(probsOf(await rounds.ask(teacher, holdout)));
  const reports: DistillReport[] = [];
  const learn = async (what: Pick<DistillOptions, 'data' | 'loss' | 'epochs'>, answers?: NamedArrays) => {
    const { name } = teacher.description;
    const heldOut = ofHoldout && { holdout: { logits: ofHoldout } };
    const taught = answers && storedAnswers(answers, { name, ...heldOut });
    reports.push((await rounds.distill({ ...handedOn(options), ...what, ...taught, student })).report);
  };
  for (let i = 0; i < most; i++) {
    const round = rounds.begin(student.name);
    const own = i === 0 ? targets : classProbs(await rounds.predict(student, data));
    if (i > 0) targets = mixed(targets, own, memory);
    const random = seededRandom(derivedSeed(seed, `mixup/${round}`));
    const mixtures = mixup > 0 ? drawMixtures(data.size, mixup, random) : [];
    const wholes = Array.from({ length: data.size }, (_, at) => ({ first: at, second: at, share: 1 }));
    const all = mixup > 0 ? joinRows(targets, targetsOf(mixtures, own)) : targets;
    // 1 for an original example, 0 for a mixture.
    const areWhole = Float32Array.from({ length: wholes.length + mixtures.length }, (_, at) => Number(at < data.size));
    await learn(
      {
        data: mixup > 0 ? withExampleWeights(mixedUp(data, [...wholes, ...mixtures]), areWhole) : data,
        loss: lossOf(mixup > 0, information),
        epochs: 1,
      },
      { logits: toLogits(all) },
    );
  }
  if (fineTuneEpochs > 0) {
    rounds.begin(student.name);
    await learn({ data, loss: informationMaximization(), epochs: fineTuneEpochs });
  }
  return { student, reports };
}

/** The sum of both halves' divergences is twice their mean. */
function lossOf(isMixed: boolean, information: number): Loss {
  const terms = [{ loss: softTargets({ temperature: 1 }), weight: isMixed ? 2 : 1 }];
  const weighed = isMixed ? informationMaximization({ exampleWeights: true }) : informationMaximization();
  if (information > 0) terms.push({ loss: weighed, weight: information });
  return weighted(terms);
}

function drawMixtures(size: number, alpha: number, random: Random): Mixture[] {
  return Array.from(permutation(size, random), (second, first) => ({ first, second, share: drawBeta(alpha, random) }));
}

/** Beta(α, α). Source    Jöhnk 1964, doi:10.1007/BF02613706 */
function drawBeta(alpha: number, random: Random): number {
  for (;;) {
    const [x, y] = [random() ** (1 / alpha), random() ** (1 / alpha)];
    if (x + y <= 1 && x + y > 0) return x / (x + y);
  }
}

function targetsOf(mixtures: readonly Mixture[], { data, shape }: NdArray): NdArray {
  const classes = shape[1] as number;
  const targets = new Float32Array(mixtures.length * classes);
  mixtures.forEach(({ first, second, share }, i) => {
    for (let c = 0; c < classes; c++) {
      const [a, b] = [data[first * classes + c] as number, data[second * classes + c] as number];
      targets[i * classes + c] = share * a + (1 - share) * b;
    }
  });
  return { data: targets, shape: [mixtures.length, classes] };
}

function checkOptions(options: BlackBoxOptions): void {
  const { teacher, given: form, classes } = OPTIONS.read(options);
  if (typeof teacher?.ask !== 'function') {
    throw new LimbeckError('invalid-option', 'blackBox needs a teacher; make one with fromFunction(…).');
  }
  checkRoundOptions(options);
  if (form === 'labels') checkCount(classes as number, 'classes');
}
