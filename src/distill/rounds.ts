import type { LayersModel } from '@tensorflow/tfjs-layers';
import { derivedSeed } from '../core/random.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { asStudent } from '../student/layersModel.ts';
import { takeStudents } from '../student/lease.ts';
import type { Student, StudentDescription } from '../student/student.ts';
import { nextBatchSize, type Teacher } from '../teacher/teacher.ts';
import { borrowTrainer } from '../train/borrowTrainer.ts';
import { predictAll } from '../train/predictAll.ts';
import type { Trainer } from '../train/trainer.ts';
import { askAll } from './askAll.ts';
import { distill, HELD } from './distill.ts';
import { checkFirstBatch, makeJob } from './distillJob.ts';
import type { DistillOptions } from './distillOptions.ts';
import type { DistillEvent } from './events.ts';
import { type RoundOptions, undecided } from './roundOptions.ts';
import type { Distilled } from './runDistill.ts';
import { holdDecodedOf, lookAtAll } from './scan.ts';

/** What a scheme reports while it works; rounds count from 1 to `rounds`. */
export type RoundEvent =
  | (DistillEvent & { readonly round: number })
  | {
      readonly type: 'round';
      readonly round: number;
      readonly rounds: number;
      /** The students that learn in it. */
      readonly student: string;
    };

/** One run of `distill` as a round, with the scheme's trainer, signal and seed. */
export type RoundOfDistill = Omit<DistillOptions, 'trainer' | 'signal' | 'seed'>;

/** Several rounds on one trainer; disposing them ends the trainer if it was opened for them. */
export interface Rounds extends AsyncDisposable {
  readonly trainer: Trainer;
  /** Starts the next round, or the given one. */
  begin(student: string, round?: number): number;
  /** One distillation in this round, with its own seed. */
  distill(options: RoundOfDistill): Promise<Distilled>;
  /**
   * A teacher's answers to all examples of some data, asked once about each, with a teacher's events. `check` gets the answers
   * to the first batch before the others are asked.
   */
  ask(teacher: Teacher, data: Dataset, check?: (first: NamedArrays) => Promise<void>): Promise<NamedArrays>;
  /** A student's outputs for all examples of some data. */
  predict(student: Student, data: Dataset): Promise<NamedArrays>;
  /** Runs one small batch through teacher, student, loss and gradient, so that errors show before the long work. */
  checkFirst(options: RoundOfDistill): Promise<StudentDescription>;
  /** The same and a check of every example, for a teacher that was asked only for its number of classes. */
  checkAll(options: Omit<RoundOfDistill, 'teacher'> & { readonly loss: Loss }, classes: number): Promise<void>;
}

export interface RoundsOptions {
  /** The scheme's own: their trainer and their seed are used. */
  readonly options: RoundOptions;
  /** How many there will be. */
  readonly rounds: number;
  /** Students that learn in several rounds; no other run may train them meanwhile. Default: none. */
  readonly students?: readonly (Student | LayersModel)[];
  readonly emit: (event: RoundEvent) => void;
  readonly signal: AbortSignal;
}

/** Throws    student-in-use · what `openTrainer` throws */
export async function openRounds({ options, rounds, students = [], emit, signal }: RoundsOptions): Promise<Rounds> {
  const { trainer: given, seed = 0 } = options;
  let round = 0;
  let begun = 0;
  // Work before the first round counts as part of it.
  const tell = (event: DistillEvent) => emit({ ...event, round: begun === 0 ? 1 : round });
  const lease = takeStudents(students);
  const borrowed = await borrowTrainer(given, { signal, emit: tell }).catch((error: unknown): never => {
    lease[Symbol.dispose]();
    throw error;
  });
  const { trainer } = borrowed;
  const held: Disposable[] = [];
  const hold = (datasets: Parameters<typeof holdDecodedOf>[0]) => void held.push(holdDecodedOf(datasets));
  const checkFirst = async (one: RoundOfDistill) => {
    const { loss = softTargets() } = one;
    const job = await makeJob(one, asStudent(one.student), loss);
    return (await checkFirstBatch(one, job, loss, trainer, signal)).studentDescription;
  };
  return {
    trainer,
    begin(student, number = round + 1) {
      round = number;
      begun++;
      emit({ type: 'round', round, rounds, student });
      return round;
    },
    async distill(one) {
      hold(one);
      const ownSeed = begun <= 1 ? seed : derivedSeed(seed, `round/${round}`);
      const run = distill({ ...one, trainer, signal, seed: ownSeed, [HELD]: lease } as DistillOptions);
      for await (const event of run) tell(event);
      return run.done;
    },
    ask(teacher, data, check) {
      hold({ data });
      const asked = check === undefined ? teacher : withFirstChecked(teacher, check);
      return askAll({ teacher: asked, data, emit: tell, signal });
    },
    predict(student, data) {
      hold({ data });
      return predictAll(trainer, student, data, signal);
    },
    checkFirst,
    async checkAll(one, classes) {
      hold(one);
      const description = await checkFirst({ ...one, teacher: undecided(classes) });
      await lookAtAll(one, one.loss, description, tell, signal);
    },
    [Symbol.asyncDispose]() {
      for (const hold of held) hold[Symbol.dispose]();
      lease[Symbol.dispose]();
      return borrowed[Symbol.asyncDispose]();
    },
  };
}

function withFirstChecked(teacher: Teacher, check: (first: NamedArrays) => Promise<void>) {
  let checking: Promise<void> | undefined;
  return {
    description: teacher.description,
    nextBatchSize: () => nextBatchSize(teacher),
    async ask(inputs: NamedArrays, signal?: AbortSignal): Promise<NamedArrays> {
      const answers = await teacher.ask(inputs, signal);
      checking ??= check(answers);
      await checking;
      return answers;
    },
  };
}
