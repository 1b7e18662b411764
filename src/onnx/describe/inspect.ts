import { isTagged } from '../../core/tags.ts';
import { modelBytes } from '../modelBytes.ts';
import { checkInspectOptions, type InspectOptions, type OnnxDescription } from './description.ts';

/**
 * Says what an ONNX file holds, without running it: inputs, outputs, operators, parameters, the shape of every tensor as
 * far as it follows from those of the inputs, and what one run costs.
 *
 * Weights are not copied. The reader is loaded at the first call.
 *
 * Units     multiply-adds; bytes
 * Throws    invalid-onnx: no ONNX file, or a truncated one · invalid-option, unknown-input, shape-mismatch: dimensions,
 *           shapes or values that the model's inputs do not take · unknown-tensor: a tap that means nothing in it
 *
 * @example
 * const response = await fetch('/models/teacher.onnx');
 * const model = await inspectOnnx(await response.arrayBuffer(), { inputShapes: { x: [1, 3, 48, 48] } });
 * console.log(model.parameters, model.multiplyAdds);
 */
export async function inspectOnnx(
  source: Uint8Array | ArrayBuffer | Blob,
  options: InspectOptions = {},
): Promise<OnnxDescription> {
  checkInspectOptions(options);
  const bytes = await modelBytes(source, 'inspectOnnx');
  const name = options.name ?? (isTagged(source, 'Blob') && 'name' in source ? String(source.name) : undefined);
  const { describeOnnx } = await import('./describe.ts');
  return describeOnnx(bytes, { ...options, ...(name !== undefined && { name }) });
}
