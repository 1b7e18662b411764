import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';

export interface ChangedTeacherOptions {
  /** What errors call it, such as "The calibrated teacher". */
  readonly what: string;
  readonly change: (answers: NamedArrays) => NamedArrays;
  readonly describe: (inner: TeacherDescription) => TeacherDescription;
}

/** A teacher whose answers are changed on their way. It stays the caller's: disposing this one does not dispose it. */
export function changedTeacher(teacher: Teacher, { what, change, describe }: ChangedTeacherOptions): Teacher {
  const { usage } = teacher;
  let isDisposed = false;
  return {
    get description() {
      return describe(teacher.description);
    },
    async ask(inputs, signal) {
      if (isDisposed) throw new LimbeckError('disposed', `${what} was disposed; make another.`);
      return change(await teacher.ask(inputs, signal));
    },
    nextBatchSize: () => teacher.nextBatchSize?.(),
    timeMs: (inputs, repeats) => teacher.timeMs(inputs, repeats),
    watch: (listener) => teacher.watch?.(listener) ?? (() => undefined),
    ...(usage && { usage: () => usage.call(teacher) }),
    async [Symbol.asyncDispose]() {
      isDisposed = true;
    },
  };
}
