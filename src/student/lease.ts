import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { PARTS, type Student } from './student.ts';

/** A run's exclusive use of students, until this is disposed. */
export interface StudentLease extends Disposable {
  /** Whether the lease is for this student. */
  covers(student: Student | LayersModel): boolean;
}

/** 'learns': the run changes the weights. 'read': they must not change; several runs may read at a time. */
type Use = 'learns' | 'read';

const learning = new WeakSet<object>();
const reading = new WeakMap<object, number>();

/**
 * Takes all students for a run, or none. Two runs that train one student would undo each other's work, and a run that
 * adapts it would end with changes for weights that no longer exist.
 * Throws    student-in-use
 */
export function takeStudents(students: readonly (Student | LayersModel)[], use: Use = 'learns'): StudentLease {
  const all = new Set(students.flatMap(rootsOf));
  for (const student of students) {
    for (const root of rootsOf(student)) requireFree(root, use, student.name);
  }
  for (const root of all) {
    if (use === 'learns') learning.add(root);
    else reading.set(root, (reading.get(root) ?? 0) + 1);
  }
  let isOver = false;
  return {
    covers: (student) => rootsOf(student).every((root) => all.has(root)),
    [Symbol.dispose]() {
      if (isOver) return;
      isOver = true;
      for (const root of all) {
        if (use === 'learns') learning.delete(root);
        else reading.set(root, (reading.get(root) ?? 1) - 1);
      }
    },
  };
}

/** What changes when a student learns: the handle itself, the page's model behind it, the members of a cohort. */
function rootsOf(student: Student | LayersModel): object[] {
  // Code that reads it reports what is not a student.
  if (typeof student !== 'object' || student === null) return [];
  const parts = (student as Student)[PARTS] ?? [];
  return [student, ...parts.flatMap((part) => rootsOf(part))];
}

function requireFree(root: object, use: Use, name: string): void {
  const isLearning = learning.has(root);
  if (!isLearning && (use === 'read' || (reading.get(root) ?? 0) === 0)) return;
  throw new LimbeckError(
    'student-in-use',
    `The student "${name}" is ${isLearning ? 'learning in' : 'being adapted by'} another run. Wait for its "done" or cancel ` +
      'it first, or give this run a student of its own.',
    { details: { name } },
  );
}
