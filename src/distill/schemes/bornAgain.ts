import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkKnownOptions } from '../../core/options.ts';
import { derivedSeed } from '../../core/random.ts';
import { type Run, startRun } from '../../core/run.ts';
import { isLabelled } from '../../data/dataset.ts';
import { crossEntropy } from '../../losses/crossEntropy.ts';
import type { Loss } from '../../losses/loss.ts';
import { softTargets } from '../../losses/softTargets.ts';
import { weighted } from '../../losses/weighted.ts';
import type { Student } from '../../student/student.ts';
import { ensemble } from '../../teacher/ensemble.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import type { DistillOptions } from '../distill.ts';
import type { DistillEvent } from '../events.ts';
import { openSnapshots, runRound, type SnapshotOptions, type Snapshots } from '../generations.ts';
import type { DistillReport } from '../report.ts';
import { sharedTrainer } from '../sharedTrainer.ts';

/** What each generation learns from; all else is as for `distill`. */
export interface BornAgainOptions extends Omit<DistillOptions, 'student' | 'teacher' | 'loss'> {
  /** Makes a student anew for each generation, of the same architecture. */
  readonly student: () => Student | LayersModel;
  /** How many students, the first one included; 2 or more. Default 3 (BAN, §4). */
  readonly generations?: number;
  /** Teaches the first generation. Default: nobody; it learns from labels. */
  readonly teacher?: Teacher;
  /** Of the first generation. Default: crossEntropy(), or `loss` where there is a teacher. */
  readonly firstLoss?: Loss;
  /**
   * Of the later generations, whose teacher is the one before. Default: soft targets at temperature 1, and as much
   * cross-entropy where the data has labels (BAN, eq. 5).
   */
  readonly loss?: Loss;
  /** Whether the generations are to answer together, too; the ensemble holds a teacher for each. Default false. */
  readonly ensemble?: boolean;
  /** Where a generation that teaches runs. Default: in a worker of its own. */
  readonly snapshots?: SnapshotOptions;
}

/** What happened in which generation, counted from 1. */
export type BornAgainEvent =
  | { readonly type: 'generation'; readonly generation: number; readonly generations: number }
  | (DistillEvent & { readonly generation: number });

/** All generations, the first one first. */
export interface BornAgain {
  readonly students: readonly Student[];
  readonly reports: readonly DistillReport[];
  /** The mean of the probabilities of all generations, where it was asked for; dispose it when done. */
  readonly ensemble: Teacher | undefined;
}

/**
 * Born-again networks (BAN): a student teaches a fresh one of the same architecture, which teaches the next, and so on.
 * Each may turn out better than the one before, and all together better than any.
 * The generations share one trainer, and each starts from a seed of its own. A cancelled run ends with the generation
 * under way; every teacher it opened is ended.
 * Throws    invalid-option · labels-missing: neither a teacher nor labels for the first generation · what `distill` and
 *           `snapshot` throw
 * Source    Furlanello and others 2018, arXiv:1805.04770
 * @example
 * const run = bornAgain({ student: () => cnn({ classes: 10 }), data, generations: 3 });
 * for await (const event of run) if (event.type === 'epoch') show(event.loss);
 * const { students } = await run.done;
 */
export function bornAgain(options: BornAgainOptions): Run<BornAgain, BornAgainEvent> {
  return startRun((emit, signal) => runGenerations(options, emit, signal), options.signal);
}

async function runGenerations(
  options: BornAgainOptions,
  emit: (event: BornAgainEvent) => void,
  signal: AbortSignal,
): Promise<BornAgain> {
  const {
    student: make,
    generations = 3,
    teacher: first,
    firstLoss,
    loss: given,
    ensemble: together,
    snapshots,
    ...rest
  } = options;
  checkBornAgain(options, generations);
  const loss = given ?? defaultLoss(options);
  const students: Student[] = [];
  const reports: DistillReport[] = [];
  await using shared = await sharedTrainer(rest.trainer);
  const teachers = openSnapshots(snapshots);
  try {
    let teacher = first;
    for (let generation = 1; generation <= generations; generation++) {
      emit({ type: 'generation', generation, generations });
      const { student, report } = await runRound(
        {
          ...rest,
          ...(teacher && { teacher }),
          loss: generation === 1 ? (firstLoss ?? (first ? loss : crossEntropy())) : loss,
          student: make(),
          seed: generation === 1 ? (rest.seed ?? 0) : derivedSeed(rest.seed ?? 0, `generation/${generation}`),
          trainer: shared.trainer,
          signal,
        },
        (event) => emit({ ...event, generation }),
      );
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

function defaultLoss({ data }: BornAgainOptions): Loss {
  const taught = softTargets({ temperature: 1 });
  if (!isLabelled(data)) return taught;
  return weighted([
    { loss: taught, weight: 1 },
    { loss: crossEntropy(), weight: 1 },
  ]);
}

/** Throws    invalid-option */
function checkBornAgain(options: BornAgainOptions, generations: number): void {
  const { student, snapshots = {} } = options;
  checkCount(generations, 'generations', 2);
  checkKnownOptions(snapshots, ['worker', 'threads', 'assetBase'], 'snapshots of bornAgain');
  if (typeof student !== 'function') {
    throw new LimbeckError(
      'invalid-option',
      'bornAgain needs a function that makes a student anew for each generation: () => cnn({ classes: 10 }).',
    );
  }
}
