import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { type Run, startRun } from '../../core/run.ts';
import { count, flag, given, nested, type OptionsOf, required, schema } from '../../core/schema.ts';
import { isLabelled } from '../../data/dataset.ts';
import { weighted } from '../../losses/combination/weighted.ts';
import type { Loss } from '../../losses/loss.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import { asStudent } from '../../student/layersModel.ts';
import type { Student } from '../../student/student.ts';
import { ensemble } from '../../teacher/ensemble.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import { checkOptions } from '../check.ts';
import { ROUND, type RoundOfDistillOptions } from '../distillOptions.ts';
import type { DistillReport } from '../report.ts';
import { madeLater, undecided } from '../roundOptions.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';
import { openSnapshots, SNAPSHOTS, type Snapshots } from '../snapshots.ts';

const OPTIONS = schema('bornAgain', {
  ...ROUND.fields,
  /** Makes a student for each generation, of the same architecture. */
  student: required(given<() => Student | LayersModel>()),
  /** How many students, including the first; 2 or more. Default 3 (BAN, §4). */
  generations: count(2)(3),
  /** The teacher of the first generation. Default: none; it learns from labels. */
  teacher: given<Teacher>(),
  /** The first generation's loss. Default: crossEntropy(), or `loss` if there is a teacher. */
  firstLoss: given<Loss>(),
  /**
   * The loss of later generations, taught by the previous one. Default: soft targets at temperature 1 and, if the data has
   * labels, an equal weight of cross-entropy (BAN, eq. 5).
   */
  loss: given<Loss>(),
  /** Whether to return an ensemble of all generations, with a teacher for each. Default false. */
  ensemble: flag(false),
  /** Where a teaching generation runs. Default: in its own worker. */
  snapshots: nested(SNAPSHOTS),
});

/** What each generation learns from; everything else is as for `distill`. */
export interface BornAgainOptions
  extends Omit<RoundOfDistillOptions, 'student' | 'teacher' | 'loss'>,
    OptionsOf<typeof OPTIONS> {}

/** All generations, in order. */
export interface BornAgain {
  readonly students: readonly Student[];
  readonly reports: readonly DistillReport[];
  /** The mean of all generations' probabilities, if asked for; dispose it when done. */
  readonly ensemble: Teacher | undefined;
}

/**
 * Born-again networks (BAN): a student teaches a new one of the same architecture, which teaches the next, and so on. Each may
 * be better than the one before, and all together better than any.
 * The generations share one trainer, and each has its own seed. A cancelled run stops at the current generation and ends every
 * teacher that it opened.
 * Shapes    those of the loss; logits [B, C] for the defaults, and of the ensemble
 * Units     those of the loss; logits
 * Throws    invalid-option · labels-missing: neither a teacher nor labels for the first generation · what `distill` and
 *           `snapshot` throw
 * Source    Furlanello and others 2018, arXiv:1805.04770
 * @example
 * const run = bornAgain({ student: () => cnn({ classes: 10 }), data, generations: 3 });
 * for await (const event of run) if (event.type === 'epoch') show(event.round, event.loss);
 * const { students } = await run.done;
 */
export function bornAgain(options: BornAgainOptions): Run<BornAgain, RoundEvent> {
  return startRun((emit, signal) => runGenerations(options, emit, signal), options.signal);
}

async function runGenerations(
  options: BornAgainOptions,
  emit: (event: RoundEvent) => void,
  signal: AbortSignal,
): Promise<BornAgain> {
  checkBornAgain(options);
  const { generations } = OPTIONS.read(options);
  const { student: make, generations: _, teacher: first, snapshots, ensemble: together, ...others } = options;
  const { firstLoss: __, loss: ___, ...rest } = others;
  const students: Student[] = [];
  const reports: DistillReport[] = [];
  await using rounds = await openRounds({ options: rest, rounds: generations, emit, signal });
  const teachers = openSnapshots(snapshots);
  try {
    let teacher = first;
    for (let generation = 1; generation <= generations; generation++) {
      const learner = asStudent(make());
      rounds.begin(learner.name);
      const { student, report } = await rounds.distill({
        ...rest,
        ...(teacher && { teacher }),
        loss: lossOf(options, generation),
        student: learner,
      });
      students.push(student);
      reports.push(report);
      if (!together) await teachers.end(teacher);
      if (generation < generations || together) teacher = await teachers.take(student, signal);
    }
    return { students, reports, ensemble: together ? joined(teachers) : undefined };
  } catch (error) {
    await teachers[Symbol.asyncDispose]();
    throw error;
  }
}

/** All generations as one teacher, which ends them. */
function joined(teachers: Snapshots): Teacher {
  const all = ensemble(teachers.all, { mean: 'probs', name: 'all generations' });
  return {
    ...all,
    get description() {
      return all.description;
    },
    async [Symbol.asyncDispose]() {
      await all[Symbol.asyncDispose]();
      await teachers[Symbol.asyncDispose]();
    },
  };
}

/** What a generation learns. */
function lossOf({ data, teacher, firstLoss, loss }: BornAgainOptions, generation: number): Loss {
  if (generation === 1) {
    if (firstLoss !== undefined) return firstLoss;
    if (teacher === undefined) return crossEntropy();
  }
  if (loss !== undefined) return loss;
  const taught = softTargets({ temperature: 1 });
  if (data === undefined || !isLabelled(data)) return taught;
  return weighted([
    { loss: taught, weight: 1 },
    { loss: crossEntropy(), weight: 1 },
  ]);
}

/** Throws    as `distill` does of its options */
function checkBornAgain(options: BornAgainOptions): void {
  OPTIONS.read(options);
  const { student, generations: _, snapshots: __, ensemble: ___, firstLoss: ____, loss: _____, ...rest } = options;
  if (typeof student !== 'function') {
    throw new LimbeckError(
      'invalid-option',
      'bornAgain needs a function that makes a new student for each generation: () => cnn({ classes: 10 }).',
    );
  }
  checkOptions({ ...rest, student: madeLater(), loss: lossOf(options, 1) });
  checkOptions({ ...rest, student: madeLater(), loss: lossOf(options, 2), teacher: undecided(2) });
}
