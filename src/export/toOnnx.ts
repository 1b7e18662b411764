import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { artifactsOf, isLayersModel } from '../student/layersModel.ts';
import type { Student, StudentArtifacts } from '../student/student.ts';
import { readToOnnxOptions, type ToOnnxOptions } from './toOnnxOptions.ts';

/**
 * Writes a student as an ONNX file, which every runtime of ONNX reads: with its weights, its inputs and outputs by the
 * names of their layers, a free batch, and what the options say about it in its metadata. An only output whose layer has no
 * name of its own is 'logits', or 'probs' behind a softmax or sigmoid; limbeck reads it as 'logits' whatever its name.
 *
 * Dropout and noise are left out. A node that ends a layer has the layer's name, so that taps find it.
 * Shapes    inputs and outputs as the tfjs student has them, unless `inputLayout` says otherwise
 * Throws    unsupported-layer: names every layer that has no ONNX form, before anything is written · student-invalid: no
 *           student, or one that has no weights yet · invalid-option · AbortError
 *
 * @example
 * const bytes = await toOnnx(student, { labels: ['cat', 'dog'], license: 'MIT' });
 * const teacher = await loadTeacher(bytes).done;
 */
export async function toOnnx(
  student: Student | LayersModel,
  options: ToOnnxOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  readToOnnxOptions(options);
  throwIfAborted(options.signal);
  const artifacts = await readArtifacts(student);
  const { artifactsToOnnx } = await import('./artifactsToOnnx.ts');
  return artifactsToOnnx(artifacts, options);
}

async function readArtifacts(student: Student | LayersModel): Promise<StudentArtifacts> {
  if (isLayersModel(student)) return artifactsOf(student);
  if (typeof (student as Partial<Student> | null)?.portable !== 'function') {
    throw new LimbeckError(
      'student-invalid',
      'toOnnx was given neither a student nor a tfjs LayersModel. Give what distill returns, or a tf.LayersModel.',
    );
  }
  const portable = await student.portable();
  if (portable.kind === 'artifacts') return portable.artifacts;
  throw new LimbeckError(
    'student-invalid',
    `The student "${student.name}" has no weights yet: it is a design that was never trained. Train it first, such as with ` +
      'distill, or load its weights.',
    { details: { kind: portable.kind, ...('design' in portable && { design: portable.design }) } },
  );
}
