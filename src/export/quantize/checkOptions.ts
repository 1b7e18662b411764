import { LimbeckError } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import { QUANTIZE, type QuantizeOptions, type ReadQuantizeOptions, requireDataset } from '../quantizeOptions.ts';

/**
 * All options with their defaults, after what can be checked before the model is read.
 * Throws    invalid-option · empty-dataset: no example to calibrate or evaluate with
 */
export function readQuantizeOptions(model: Uint8Array, options: QuantizeOptions): ReadQuantizeOptions {
  if (!isTagged(model, 'Uint8Array')) {
    throw new LimbeckError(
      'invalid-option',
      `quantize was given ${typeof model}; it takes the bytes of an ONNX model as a Uint8Array.`,
    );
  }
  const read = QUANTIZE.read(options);
  checkCalibration(read);
  checkEvaluate(read);
  return read;
}

function checkCalibration({ to, calibration }: ReadQuantizeOptions): void {
  if (to !== 'static-int8') {
    if (calibration === undefined) return;
    throw new LimbeckError(
      'invalid-option',
      `"calibration" was given, and '${to}' reads no data. Leave it out, or quantize to 'static-int8'.`,
    );
  }
  requireDataset(calibration, 'calibration', "'static-int8' needs examples that show what values activations take");
}

function checkEvaluate({ evaluate }: ReadQuantizeOptions): void {
  if (evaluate === undefined) return;
  const { data, metric } = evaluate;
  // The schema does not require a `given` field.
  requireDataset(data, 'evaluate.data', 'both models are asked about its examples');
  const needsLabels = typeof metric === 'object' ? metric.reads.labels : metric === 'accuracy';
  if (!needsLabels || data.hasLabels) return;
  throw new LimbeckError(
    'invalid-option',
    `The metric '${typeof metric === 'object' ? metric.name : metric}' needs labels, and the data for evaluation has none. ` +
      "Give labelled data, or take 'agreement', which compares with the float model.",
  );
}
