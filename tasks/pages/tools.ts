// What a task uses of the page or worker that runs it: `npm run examples` prints what it says, the demo shows it.
import { type DistillOptions, distill, openTrainer, type Student, type Trainer } from 'limbeck';

/** What whoever runs a task puts into `globalThis.taskTools`. */
export interface TaskTools {
  /** Prints a line. */
  readonly say: (text: string) => void;
  /** How far a part of the work is, from 0 to 1. */
  readonly progress?: (part: string, fraction: number) => void;
  /** Takes a file that may be downloaded. */
  readonly offer?: (name: string, bytes: Uint8Array) => void;
  /** Where the task's files lie. Default: beside the page. */
  readonly base?: string;
}

/** What someone's text gives, in words: what the teacher says of it, and the student. */
export type Answered = readonly { readonly who: string; readonly says: readonly string[] }[];

/** A task as `globalThis.task` has it. */
export interface Task<Settings, Row> {
  run(settings?: Settings): Promise<Row>;
  /** Tries what `run` has taught, with a text of one's own; only where that makes sense. */
  answer?(text: string): Promise<Answered>;
}

declare global {
  var taskTools: TaskTools | undefined;
}

export const say = (text: string): void => globalThis.taskTools?.say(text);
export const progress = (part: string, fraction: number): void => globalThis.taskTools?.progress?.(part, fraction);
export const offer = (name: string, bytes: Uint8Array): void => globalThis.taskTools?.offer?.(name, bytes);

/** The response for one of the task's files. */
export async function fileOf(name: string): Promise<Response> {
  const response = await fetch(`${globalThis.taskTools?.base ?? './'}${name}`);
  if (!response.ok) throw new Error(`"${name}" is not there (${response.status}).`);
  return response;
}

/** Where a file lies, for what opens it by itself. */
export const addressOf = (name: string): string =>
  new URL(`${globalThis.taskTools?.base ?? './'}${name}`, location.href).href;

export function openTask<Settings, Row>(task: Task<Settings, Row>): void {
  (globalThis as unknown as { task: Task<Settings, Row> }).task = task;
}

/** Distils, and tells how far it is. `told` gives more figures of an epoch. */
export async function trainStudent(
  name: string,
  options: DistillOptions,
  told: (holdout: Readonly<Record<string, number>>) => string = () => '',
): Promise<Student> {
  const run = distill(options);
  progress(name, 0);
  for await (const event of run) {
    if (event.type === 'notice') say(`${name}: ${event.message}`);
    if (event.type !== 'epoch') continue;
    progress(name, event.epoch / (options.epochs ?? event.epoch));
    const more = told(event.holdout as Readonly<Record<string, number>>);
    if (more) say(`${name}, epoch ${event.epoch}: ${more}`);
  }
  return (await run.done).student as Student;
}

/** Trainers for runs that need nothing of each other. */
interface Trainers extends AsyncDisposable {
  /** Gives each job a trainer of its own, in turn, as soon as one is free. Of what fails first, the error; no further job starts. */
  all<T>(jobs: readonly ((trainer: Trainer) => Promise<T>)[]): Promise<T[]>;
}

/**
 * A trainer of one thread for each of two cores: two runs at once take less time than one after the other on two threads, since
 * no thread waits for another, and come out the same.
 */
async function openTrainers(): Promise<Trainers> {
  const wanted = Math.min(2, navigator.hardwareConcurrency);
  const trainers = await Promise.all(Array.from({ length: wanted }, () => openTrainer({ threads: 1 })));
  return {
    async all<T>(jobs: readonly ((trainer: Trainer) => Promise<T>)[]) {
      const results: T[] = [];
      const left = [...jobs.entries()];
      await Promise.all(
        trainers.map(async (trainer) => {
          for (let next = left.shift(); next !== undefined; next = left.shift()) {
            const [place, job] = next;
            try {
              results[place] = await job(trainer);
            } catch (error) {
              left.length = 0;
              throw error;
            }
          }
        }),
      );
      return results;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(trainers.map((trainer) => trainer[Symbol.asyncDispose]()));
    },
  };
}

/** What learns: with the teacher, or as the control without it; from a seed, in a trainer. */
export type Learning<T> = (isControl: boolean, seed: number, trainer: Trainer) => Promise<T>;

/** What student and control come to from each seed, two runs at a time: what is timed must wait until all have ended. */
export async function learnBoth<T>(seeds: readonly number[], learn: Learning<T>): Promise<Record<Learner, T[]>> {
  await using trainers = await openTrainers();
  const jobs = seeds.flatMap((seed) =>
    LEARNERS.map((who) => (trainer: Trainer) => learn(who === 'control', seed, trainer)),
  );
  const all = await trainers.all(jobs);
  const of = (who: number) => all.filter((_, i) => i % LEARNERS.length === who);
  return { student: of(0), control: of(1) };
}

const LEARNERS = ['student', 'control'] as const;
type Learner = (typeof LEARNERS)[number];

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const TIMED = 30;

/** The median of one call at a time, in milliseconds. */
export async function medianMsOf(ask: (call: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let call = 0; call < TIMED; call++) {
    const from = performance.now();
    await ask(call);
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}
