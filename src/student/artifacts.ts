import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { withPeers } from '../core/withPeers.ts';
import { artifactsOf } from './layersModel.ts';
import { isArtifacts, isLayersModel, isStudent, type Student, type StudentArtifacts } from './student.ts';

/** Anything that holds a student's weights. */
export type StudentSource = Student | LayersModel | StudentArtifacts;

/**
 * Topology and weights of a student as they are now. A design that was never trained has none: it is refused, or built
 * with weights from seed 0, which loads tfjs.
 * Throws    student-invalid: none of these, or one that cannot be built or saved
 */
export async function artifactsFrom(
  source: StudentSource,
  untrained: 'refuse' | 'build' = 'refuse',
): Promise<StudentArtifacts> {
  if (isArtifacts(source)) return source;
  if (isLayersModel(source)) return artifactsOf(source);
  if (!isStudent(source)) {
    throw new LimbeckError(
      'student-invalid',
      'What was given is not a student. Give a student of limbeck, a tf.LayersModel, or artifacts from artifactsFromFiles.',
    );
  }
  const portable = await source.portable();
  if (portable.kind === 'artifacts') return portable.artifacts;
  if (untrained === 'refuse') {
    throw new LimbeckError(
      'student-invalid',
      `The student "${source.name}" has no weights yet: it is a design that was never trained. Train it first, such as ` +
        'with distill, or load its weights.',
      { details: { kind: portable.kind, ...('design' in portable && { design: portable.design }) } },
    );
  }
  const load = () => Promise.all([import('./build.ts'), import('../runtime/tf.ts')]);
  const [{ buildStudent, settleBackend }, tf] = await withPeers(load);
  await settleBackend(tf);
  const model = await buildStudent(portable, 0);
  try {
    return await artifactsOf(model);
  } finally {
    model.dispose();
  }
}

/** The student's name for files and reports. */
export function nameOf(source: StudentSource): string {
  return (isStudent(source) || isLayersModel(source)) && source.name !== '' ? source.name : 'student';
}
