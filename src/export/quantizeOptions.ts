import { LimbeckError } from '../core/errors.ts';
import { checkOneOf, invalidOption } from '../core/options.ts';
import {
  count,
  flag,
  fraction,
  given,
  nested,
  type OptionsOf,
  oneOf,
  type Read,
  required,
  schema,
  text,
} from '../core/schema.ts';
import type { Dataset } from '../data/dataset.ts';
import type { LoadTeacherOptions } from '../teacher/onnxOptions.ts';
import { checkMetric, type Metric } from '../train/metric.ts';

/** What weights, and with 'static-int8' activations too, become. */
export type QuantizedForm = 'dynamic-int8' | 'static-int8' | 'float16' | 'int4';

/** How the range of an activation is chosen from what calibration saw. */
export type CalibrationMethod = 'minmax' | 'entropy' | 'percentile';

/** One number that float and quantized model are compared by: with labels, or with each other. */
export type QuantizeMetric = 'accuracy' | 'agreement' | 'cosine' | 'coefficientOfDetermination';

const EVALUATE = schema('evaluate', {
  /** The examples that both models are asked about. */
  data: required(given<Dataset>()),
  /**
   * Or one of your own, with the float model as the teacher. Default: 'accuracy' where the data has labels, else
   * 'agreement', how often both name the same class; of one number an example 'coefficientOfDetermination' (R²).
   */
  metric: given<QuantizeMetric | Metric>((metric) => {
    if (typeof metric === 'object') checkMetric(metric, 'evaluate.metric');
    else checkOneOf(metric, 'metric', ['accuracy', 'agreement', 'cosine', 'coefficientOfDetermination']);
  }),
  /** The most by which the metric may become worse, as a fraction of 1. Default 0.01. */
  tolerance: fraction(0.01),
  /** The output that is compared. Default: 'logits' where there is one, else the first. */
  output: text(),
});

/** On what the quantized model is compared with the float one, and how much worse it may be. */
export interface EvaluateOptions extends OptionsOf<typeof EVALUATE> {}

export const QUANTIZE = schema('quantize', {
  /** What weights, and with 'static-int8' activations too, become. */
  to: required(oneOf<QuantizedForm>('dynamic-int8', 'static-int8', 'float16', 'int4')()),
  /** Examples that show what values activations take; 'static-int8' needs them, and nothing else does. */
  calibration: given<Dataset>(),
  /** The most of them that are looked at. Default 128. */
  calibrationExamples: count()(128),
  /** How the range of an activation is chosen. Default 'minmax'. */
  method: oneOf<CalibrationMethod>('minmax', 'entropy', 'percentile')('minmax'),
  /** With the method 'percentile': the percentage of all values that a range holds. Default 99.99. */
  percentile: given<number>((percentile) => {
    if (!(percentile > 50 && percentile <= 100))
      throw invalidOption('percentile', percentile, 'above 50, and 100 at most');
  }, 99.99),
  /** A scale for each output channel of a weight, or one for all of it. Default true. */
  perChannel: flag(true),
  /** Names of nodes, or operators, that stay as they are. */
  exclude: given<readonly string[]>((exclude) => {
    if (Array.isArray(exclude) && exclude.every((name) => typeof name === 'string' && name !== '')) return;
    throw invalidOption('exclude', exclude, "a list of names of nodes, or of operators such as 'Conv'");
  }),
  /**
   * 'weights' stores halves and computes in float32, as fast as before on every device; 'graph' computes in halves too,
   * where the device can. Default 'weights'.
   */
  float16: oneOf('weights', 'graph')('weights'),
  /** With float16 'graph': inputs and outputs stay float32. Default true. */
  keepInputs: flag(true),
  /** With 'int4': how many weights share a scale; a power of 2 from 16 to 256. Default 32. */
  blockSize: oneOf<number>(16, 32, 64, 128, 256)(32),
  /** Compares the two models on data. Default: not. */
  evaluate: nested(EVALUATE),
  /** Name for messages. Default 'model'. */
  name: text('model'),
  /** Ends the run early with an AbortError. */
  signal: given<AbortSignal>(),
  /** How the model is fed, as in `loadTeacher`. */
  input: given<NonNullable<LoadTeacherOptions['input']>>(),
  /** How its outputs are read, as in `loadTeacher`. */
  read: given<NonNullable<LoadTeacherOptions['read']>>(),
  /** Where it runs, as in `loadTeacher`. */
  worker: given<NonNullable<LoadTeacherOptions['worker']>>(),
  /** As in `loadTeacher`. */
  assetBase: text(),
  /** As in `loadTeacher`. */
  threads: count()(),
});

/** Which form, from which data, and how it is tried out. */
export interface QuantizeOptions extends OptionsOf<typeof QUANTIZE> {}

/** All options with their defaults. */
export type ReadQuantizeOptions = Read<typeof QUANTIZE>;

/** Throws    invalid-option: no dataset · empty-dataset */
export function requireDataset(data: Dataset | undefined, name: string, why: string): void {
  if (typeof data === 'object' && data !== null && typeof data.read === 'function') {
    if (data.size > 0) return;
    throw new LimbeckError('empty-dataset', `"${name}" has no example. Give it at least one: ${why}.`);
  }
  throw new LimbeckError(
    'invalid-option',
    `"${name}" was ${String(data)}; it must be a dataset: ${why}. Make one, such as with fromArrays(images).`,
  );
}

/** Progress of the two parts that take time. */
export type QuantizeEvent =
  | { readonly type: 'calibrate'; readonly examples: number; readonly total: number }
  | { readonly type: 'evaluate'; readonly examples: number; readonly total: number }
  | { readonly type: 'notice'; readonly message: string };
