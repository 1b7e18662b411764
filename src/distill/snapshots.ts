import { type OptionsOf, schema } from '../core/schema.ts';
import type { Student } from '../student/student.ts';
import { LOADED } from '../teacher/loadedOptions.ts';
import { snapshot } from '../teacher/snapshot.ts';
import type { Teacher } from '../teacher/teacher.ts';

const { worker, threads, assetBase } = LOADED.fields;

export const SNAPSHOTS = schema('snapshots', { worker, threads, assetBase });

/** Where students that became teachers run. Default: each in its own worker. */
export interface SnapshotOptions extends OptionsOf<typeof SNAPSHOTS> {}

/** Teachers made from students, which end together. */
export interface Snapshots extends AsyncDisposable {
  /** A frozen copy of a student, as a teacher. */
  take(student: Student, signal: AbortSignal): Promise<Teacher>;
  /** Ends one that is no longer needed. */
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
