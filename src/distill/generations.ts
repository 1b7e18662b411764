import type { Run } from '../core/run.ts';
import type { Student } from '../student/student.ts';
import { snapshot } from '../teacher/snapshot.ts';
import type { Teacher } from '../teacher/teacher.ts';
import type { TfjsTeacherOptions } from '../teacher/tfjsTeacher.ts';
import { type Distilled, type DistillOptions, distill } from './distill.ts';
import type { DistillEvent } from './events.ts';

/** Where the students that have become teachers run. Default: each in a worker of its own. */
export type SnapshotOptions = Pick<TfjsTeacherOptions, 'worker' | 'threads' | 'assetBase'>;

/** One distillation of several: tells its events as they happen, and gives what it gave. */
export async function runRound(options: DistillOptions, onEvent: (event: DistillEvent) => void): Promise<Distilled> {
  return forward(distill(options), onEvent);
}

async function forward<R, E>(run: Run<R, E>, onEvent: (event: E) => void): Promise<R> {
  for await (const event of run) onEvent(event);
  return run.done;
}

/** Teachers that students have become, which end together. */
export interface Snapshots extends AsyncDisposable {
  /** A frozen copy of a student, as a teacher. */
  take(student: Student, signal: AbortSignal): Promise<Teacher>;
  /** Ends one of them, which is needed no more. */
  end(teacher: Teacher | undefined): Promise<void>;
  readonly all: readonly Teacher[];
}

export function openSnapshots(options: SnapshotOptions = {}): Snapshots {
  let all: Teacher[] = [];
  return {
    async take(student, signal) {
      const teacher = await snapshot(student, { ...options, signal });
      all.push(teacher);
      return teacher;
    },
    async end(teacher) {
      if (teacher === undefined || !all.includes(teacher)) return;
      all = all.filter((one) => one !== teacher);
      await teacher[Symbol.asyncDispose]();
    },
    get all() {
      return all;
    },
    async [Symbol.asyncDispose]() {
      const ending = all;
      all = [];
      await Promise.all(ending.map((teacher) => teacher[Symbol.asyncDispose]()));
    },
  };
}
