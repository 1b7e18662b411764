import { throwIfAborted } from '../core/errors.ts';
import { artifactsFrom, type StudentSource } from '../student/artifacts.ts';
import { checkToOnnxOptions, type ToOnnxOptions } from './toOnnxOptions.ts';

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
export async function toOnnx(student: StudentSource, options: ToOnnxOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  checkToOnnxOptions(options);
  throwIfAborted(options.signal);
  const artifacts = await artifactsFrom(student);
  const { artifactsToOnnx } = await import('./artifactsToOnnx.ts');
  return artifactsToOnnx(artifacts, options);
}
