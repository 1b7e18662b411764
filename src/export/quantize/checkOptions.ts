import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkFraction, checkKnownOptions, checkOneOf } from '../../core/options.ts';
import { isTagged } from '../../core/tags.ts';
import type { Dataset } from '../../data/dataset.ts';
import { checkMetric } from '../../train/metric.ts';
import type { QuantizeOptions } from '../quantizeOptions.ts';

const OPTIONS: Readonly<Record<keyof QuantizeOptions, true>> = {
  to: true,
  calibration: true,
  calibrationExamples: true,
  method: true,
  percentile: true,
  perChannel: true,
  exclude: true,
  float16: true,
  keepInputs: true,
  blockSize: true,
  evaluate: true,
  name: true,
  signal: true,
  input: true,
  read: true,
  worker: true,
  assetBase: true,
  threads: true,
};

/**
 * Checks all that can be checked before the model is read.
 * Throws    invalid-option · empty-dataset: no example to calibrate or evaluate with
 */
export function checkQuantizeOptions(model: Uint8Array, options: QuantizeOptions): void {
  if (!isTagged(model, 'Uint8Array')) {
    throw new LimbeckError(
      'invalid-option',
      `quantize was given ${typeof model}; it takes the bytes of an ONNX model as a Uint8Array.`,
    );
  }
  checkKnownOptions(options, Object.keys(OPTIONS), 'quantize');
  checkOneOf(options.to, 'to', ['dynamic-int8', 'static-int8', 'float16', 'int4']);
  const { calibrationExamples = 128, method = 'minmax', percentile = 99.99, blockSize = 32, threads } = options;
  checkCount(calibrationExamples, 'calibrationExamples');
  checkOneOf(method, 'method', ['minmax', 'entropy', 'percentile']);
  if (!(percentile > 50 && percentile <= 100)) {
    throw new LimbeckError('invalid-option', `"percentile" was ${percentile}; it must be above 50, and 100 at most.`);
  }
  checkOneOf(blockSize, 'blockSize', [16, 32, 64, 128, 256]);
  checkOneOf(options.float16 ?? 'weights', 'float16', ['weights', 'graph']);
  if (threads !== undefined) checkCount(threads, 'threads');
  checkSwitch(options.perChannel, 'perChannel');
  checkSwitch(options.keepInputs, 'keepInputs');
  checkExclude(options.exclude);
  checkCalibration(options);
  checkEvaluate(options);
}

function checkSwitch(value: boolean | undefined, name: string): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new LimbeckError('invalid-option', `"${name}" was ${String(value)}; it must be true or false.`);
}

function checkExclude(exclude: readonly string[] | undefined): void {
  if (exclude === undefined) return;
  if (Array.isArray(exclude) && exclude.every((name) => typeof name === 'string' && name !== '')) return;
  throw new LimbeckError(
    'invalid-option',
    `"exclude" was ${String(exclude)}; it must be a list of names of nodes, or of operators such as 'Conv'.`,
  );
}

function checkCalibration({ to, calibration }: QuantizeOptions): void {
  if (to !== 'static-int8') {
    if (calibration === undefined) return;
    throw new LimbeckError(
      'invalid-option',
      `"calibration" was given, and '${to}' reads no data. Leave it out, or quantize to 'static-int8'.`,
    );
  }
  checkDataset(calibration, 'calibration', "'static-int8' needs examples that show what values activations take");
}

function checkEvaluate({ evaluate }: QuantizeOptions): void {
  if (evaluate === undefined) return;
  checkKnownOptions(evaluate, ['data', 'metric', 'tolerance', 'output'], 'evaluate');
  const { data, metric, tolerance = 0.01 } = evaluate;
  checkDataset(data, 'evaluate.data', 'both models are asked about its examples');
  checkFraction(tolerance, 'tolerance');
  if (metric === undefined) return;
  if (typeof metric === 'object') checkMetric(metric, 'evaluate.metric');
  else checkOneOf(metric, 'metric', ['accuracy', 'agreement', 'cosine', 'coefficientOfDetermination']);
  const needsLabels = typeof metric === 'object' ? metric.reads.labels : metric === 'accuracy';
  if (!needsLabels || data.hasLabels) return;
  throw new LimbeckError(
    'invalid-option',
    `The metric '${typeof metric === 'object' ? metric.name : metric}' needs labels, and the data for evaluation has none. ` +
      "Give labelled data, or take 'agreement', which compares with the float model.",
  );
}

function checkDataset(data: Dataset | undefined, name: string, why: string): void {
  if (typeof data === 'object' && data !== null && typeof data.read === 'function') {
    if (data.size > 0) return;
    throw new LimbeckError('empty-dataset', `"${name}" has no example. Give it at least one: ${why}.`);
  }
  throw new LimbeckError(
    'invalid-option',
    `"${name}" was ${String(data)}; it must be a dataset: ${why}. Make one, such as with fromArrays(images).`,
  );
}
