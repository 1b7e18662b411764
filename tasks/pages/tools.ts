// What a task uses of the page or worker that runs it: `npm run examples` prints what it says, the demo shows it.
import { type DistillOptions, distill, openTrainer, type Student } from 'limbeck';

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

/** What is worth saying of an epoch, from its figures on what is held out. */
type Told = (holdout: Readonly<Record<string, number>>) => string;

/** Distils, and tells how far it is. `told` gives more figures of an epoch, `report` takes how far, from 0 to 1. */
export async function trainStudent(
  name: string,
  options: DistillOptions,
  told: Told = () => '',
  report: (fraction: number) => void = (fraction) => progress(name, fraction),
): Promise<Student> {
  const run = distill(options);
  report(0);
  for await (const event of run) {
    if (event.type === 'notice') say(`${name}: ${event.message}`);
    if (event.type === 'step') report(event.runStep / event.runSteps);
    if (event.type !== 'epoch') continue;
    const more = told(event.holdout as Readonly<Record<string, number>>);
    if (more) say(`${name}, epoch ${event.epoch}: ${more}`);
  }
  return (await run.done).student as Student;
}

const LEARNERS = ['student', 'control'] as const;
type Both<T> = Readonly<Record<(typeof LEARNERS)[number], T[]>>;

/** Who learns: a student with its teacher, or its control without. */
export interface Learner {
  readonly isControl: boolean;
  readonly seed: number;
  readonly name: string;
  /** `trainStudent` by this name, from this seed, in a trainer that nobody else uses meanwhile. */
  train(options: DistillOptions, told?: Told): Promise<Student>;
}

/**
 * What student and control come to from each seed, two at a time on one thread each: that takes less time than one after the other
 * on two threads, since no thread waits for another, and comes out the same. What is timed must wait until all have ended.
 * After the first error, which is thrown, none begins.
 */
export async function learnBoth<T>(
  seeds: readonly number[],
  learn: (learner: Learner) => Promise<T>,
): Promise<Both<T>> {
  const learners = seeds.flatMap((seed) => LEARNERS.map((who) => ({ seed, who })));
  const fractions = learners.map(() => 0);
  const results: Both<T> = { student: [], control: [] };
  const left = learners.entries();
  let isBroken = false;
  await Promise.all(
    Array.from({ length: Math.min(2, navigator.hardwareConcurrency) }, async () => {
      await using trainer = await openTrainer({ threads: 1 });
      for (const [place, { seed, who }] of left) {
        if (isBroken) return;
        const name = `${who} ${seed}`;
        const report = (fraction: number) => {
          fractions[place] = fraction;
          progress('students and controls', meanOf(fractions));
        };
        const train: Learner['train'] = (options, told) =>
          trainStudent(name, { ...options, seed, trainer }, told, report);
        try {
          results[who][Math.floor(place / LEARNERS.length)] = await learn({
            isControl: who === 'control',
            seed,
            name,
            train,
          });
        } catch (error) {
          isBroken = true;
          throw error;
        }
      }
    }),
  );
  return results;
}

/** What a row has of all seeds. */
export function overSeeds<T>({ student, control }: Both<T>, of: (one: T) => number) {
  const seeds = { student: student.map(of), control: control.map(of) };
  return { studentValue: meanOf(seeds.student), controlValue: meanOf(seeds.control), seeds };
}

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
