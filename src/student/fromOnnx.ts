import { withPeers } from '../core/withPeers.ts';
import { modelBytes } from '../onnx/modelBytes.ts';
import { FROM_ONNX, type FromOnnxOptions } from './fromOnnxOptions.ts';
import type { Student } from './student.ts';

/**
 * An ONNX model as a trainable student: each node becomes the tfjs layer that computes it, with the model's weights.
 *
 * A fixed batch size becomes free. Quantized weights learn as float32. Batch normalisation, dropout and weights stay
 * separate, so that training continues where it ended. Layers are named after their weights or nodes.
 *
 * Shapes    images [B, C, H, W] of the model are [B, H, W, C] of the student, unless `inputLayout` says otherwise
 * Throws    invalid-onnx: no ONNX file, or a broken one · invalid-option: unknown options, a shape that does not fit, a
 *           layer to train that does not exist · unknown-input, unknown-output: names that the model does not have ·
 *           unsupported-operator: nodes that no layer computes, all by name
 *
 * @example
 * const response = await fetch('/models/small.onnx');
 * const student = await fromOnnx(await response.arrayBuffer(), { outputs: ['features'] });
 */
export async function fromOnnx(
  source: Uint8Array | ArrayBuffer | Blob,
  options: FromOnnxOptions = {},
): Promise<Student> {
  const read = FROM_ONNX.read(options);
  const bytes = await modelBytes(source, 'fromOnnx');
  const { importOnnx } = await withPeers(() => import('./import/importOnnx.ts'));
  return importOnnx(bytes, read);
}
