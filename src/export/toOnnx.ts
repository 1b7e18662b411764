import { throwIfAborted } from '../core/errors.ts';
import { artifactsFrom, type StudentSource } from '../student/artifacts.ts';
import { readToOnnxOptions, type ToOnnxOptions } from './toOnnxOptions.ts';

/**
 * Writes a student as an ONNX file for any ONNX runtime: with its weights, inputs and outputs named after their layers, a free
 * batch, and metadata from the options. An only output whose layer was given no name is called 'logits', or 'probs' after a
 * softmax or sigmoid; limbeck reads it as 'logits' whatever its name.
 *
 * Dropout and noise are left out. A node that ends a layer has the layer's name, so that taps find it.
 * Shapes    inputs and outputs as the tfjs student has them, unless `inputLayout` says otherwise
 * Throws    unsupported-layer: names every layer that has no ONNX form, before anything is written · student-invalid: not
 *           a student, or one without weights · invalid-option · AbortError
 *
 * @example
 * const bytes = await toOnnx(student, { labels: ['cat', 'dog'], license: 'MIT' });
 * const teacher = await loadTeacher(bytes).done;
 */
export async function toOnnx(student: StudentSource, options: ToOnnxOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  readToOnnxOptions(options);
  throwIfAborted(options.signal);
  const artifacts = await artifactsFrom(student);
  const { artifactsToOnnx } = await import('./artifactsToOnnx.ts');
  return artifactsToOnnx(artifacts, options);
}
