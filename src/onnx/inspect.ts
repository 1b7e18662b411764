import { LimbeckError } from '../core/errors.ts';
import { checkInspectOptions, type InspectOptions, type OnnxDescription } from './description.ts';

/**
 * Says what an ONNX file holds, without running it: inputs, outputs, operators, parameters, the shape of every tensor as
 * far as it follows from those of the inputs, and what one run costs.
 *
 * Weights are not copied. The reader is loaded at the first call.
 *
 * Units     multiply-adds; bytes
 * Throws    invalid-onnx: no ONNX file, or a truncated one · invalid-option, unknown-input, shape-mismatch: dimensions,
 *           shapes or values that the model's inputs do not take
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
  if (!(source instanceof Uint8Array || source instanceof ArrayBuffer || source instanceof Blob)) {
    throw new LimbeckError(
      'invalid-option',
      `inspectOnnx was given ${typeof source}; it takes the bytes of a model: a Uint8Array, an ArrayBuffer or a Blob. Fetch an address first.`,
    );
  }
  const { describeOnnx } = await import('./describe.ts');
  if (source instanceof Uint8Array) return describeOnnx(source, options);
  const name = options.name ?? ('name' in source ? String(source.name) : undefined);
  const buffer = source instanceof ArrayBuffer ? source : await source.arrayBuffer();
  return describeOnnx(new Uint8Array(buffer), { ...options, ...(name !== undefined && { name }) });
}
