import { isAbortError, LimbeckError, messageOf } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Teacher } from '../teacher/teacher.ts';

/** The teacher to ask; without a description it has no name. */
export type Asked = Pick<Teacher, 'ask'> & Partial<Pick<Teacher, 'description'>>;

/** A teacher's answer. Throws    teacher-failed: it threw an error without a code · AbortError · what limbeck's teachers throw */
export async function askTeacher(teacher: Asked, inputs: NamedArrays, signal: AbortSignal): Promise<NamedArrays> {
  try {
    return await teacher.ask(inputs, signal);
  } catch (error) {
    if (error instanceof LimbeckError || isAbortError(error)) throw error;
    const named = teacher.description === undefined ? '' : ` "${teacher.description.name}"`;
    throw new LimbeckError('teacher-failed', `The teacher${named} failed on a batch: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
