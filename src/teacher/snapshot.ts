import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { isLayersModel, isStudent, type Student } from '../student/student.ts';
import { LOADED, type LoadedTeacherOptions } from './loadedOptions.ts';
import type { Teacher } from './teacher.ts';
import { loadTfjsTeacher, openTfjsTeacher } from './tfjsTeacher.ts';

/**
 * A frozen copy of a student, as a teacher in a worker of its own. What the student learns afterwards does not change it, so
 * yesterday's student can teach today's.
 * Throws    student-invalid: no student, or one that was never trained · what `loadTfjsTeacher` throws
 * Source    Furlanello et al. 2018, "Born-Again Neural Networks", arXiv:1805.04770
 *
 * @example
 * await distill({ teacher, student, data }).done;
 * await using yesterday = await snapshot(student);
 * await distill({ teacher: yesterday, student: cnn({ classes: 10 }), data }).done;
 */
export async function snapshot(student: Student | LayersModel, options: LoadedTeacherOptions = {}): Promise<Teacher> {
  const { name = `snapshot of ${student?.name}` } = LOADED.read(options);
  if (isLayersModel(student)) return loadTfjsTeacher(student, { ...options, name }).done;
  if (!isStudent(student)) {
    throw new LimbeckError(
      'student-invalid',
      'snapshot needs a student: one of limbeck’s zoo, studentFromModel(…) or a tf.LayersModel.',
    );
  }
  const portable = await student.portable();
  if (portable.kind !== 'artifacts') {
    throw new LimbeckError(
      'student-invalid',
      `The student "${student.name}" has no weights yet, so there is nothing to take a snapshot of. Train it first.`,
    );
  }
  const { modelTopology, weightSpecs, weightData } = portable.artifacts;
  // Copied before the first await: a training step may replace the student's bytes.
  const artifacts = { modelTopology, weightSpecs: [...weightSpecs], weightData: weightData.slice(0) };
  return openTfjsTeacher({ kind: 'layers', student: { kind: 'artifacts', artifacts } }, { ...options, name });
}
