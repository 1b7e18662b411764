import { type Run, startRun } from '../core/run.ts';
import { readQuantizeOptions } from './quantize/checkOptions.ts';
import type { Quantized } from './quantize/report.ts';
import type { QuantizeEvent, QuantizeOptions } from './quantizeOptions.ts';

/**
 * Makes an ONNX model smaller: weights of 8, 16 or 4 bits, and with 'static-int8' activations of 8 bits. The result is an
 * ONNX file that onnxruntime-web runs on wasm. The same model, options and data give the same bytes.
 * With `evaluate`, both models run on the data, and a model that lost more than the tolerance is refused.
 *
 * Units     bytes; milliseconds; fractions
 * Throws    invalid-option · invalid-onnx: not a model, or its weights are in other files · unsupported-operator: it
 *           is already quantized, or cannot be converted to operator set 13 · below-tolerance · empty-dataset · what
 *           loadTeacher and the datasets throw · AbortError
 *
 * @example
 * const { bytes, report } = await quantize(await toOnnx(student), { to: 'static-int8', calibration: data }).done;
 */
export function quantize(model: Uint8Array, options: QuantizeOptions): Run<Quantized, QuantizeEvent> {
  return startRun(async (emit, signal) => {
    const read = readQuantizeOptions(model, options);
    const { quantizeModel } = await import('./quantize/quantizeModel.ts');
    return quantizeModel(model, read, emit, signal);
    // Bad options are refused in the run, so options may be anything here.
  }, options?.signal);
}
