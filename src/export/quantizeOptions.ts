import type { Dataset } from '../data/dataset.ts';
import type { LoadTeacherOptions } from '../teacher/onnxOptions.ts';
import type { Metric } from '../train/metric.ts';

/** What weights, and with 'static-int8' activations too, become. */
export type QuantizedForm = 'dynamic-int8' | 'static-int8' | 'float16' | 'int4';

/** How the range of an activation is chosen from what calibration saw. */
export type CalibrationMethod = 'minmax' | 'entropy' | 'percentile';

/** One number that float and quantized model are compared by: with labels, or with each other. */
export type QuantizeMetric = 'accuracy' | 'agreement' | 'cosine' | 'coefficientOfDetermination';

/** On what the quantized model is held against the float one, and how much worse it may be. */
export interface EvaluateOptions {
  readonly data: Dataset;
  /**
   * Or one of your own, with the float model as the teacher. Default 'accuracy' where the data has labels, else 'agreement':
   * how often both name the same class; of one number an example 'coefficientOfDetermination' (R²).
   */
  readonly metric?: QuantizeMetric | Metric;
  /** The most by which the metric may become worse, as a fraction of 1. Default 0.01. */
  readonly tolerance?: number;
  /** The output that is compared; default 'logits' where there is one, else the first. */
  readonly output?: string;
}

/** Which form, from which data, and how it is tried out. */
export interface QuantizeOptions
  extends Pick<LoadTeacherOptions, 'input' | 'read' | 'worker' | 'assetBase' | 'threads'> {
  readonly to: QuantizedForm;
  /** Examples that show what values activations take; 'static-int8' needs them, and nothing else does. */
  readonly calibration?: Dataset;
  /** The most of them that are looked at. Default 128. */
  readonly calibrationExamples?: number;
  /** Default 'minmax'. */
  readonly method?: CalibrationMethod;
  /** With the method 'percentile': the percentage of all values that a range holds. Default 99.99. */
  readonly percentile?: number;
  /** A scale for each output channel of a weight, or one for all of it. Default true. */
  readonly perChannel?: boolean;
  /** Names of nodes, or operators, that stay as they are. */
  readonly exclude?: readonly string[];
  /**
   * 'weights' stores halves and computes in float32, as fast as before on every device; 'graph' computes in halves too,
   * where the device can. Default 'weights'.
   */
  readonly float16?: 'weights' | 'graph';
  /** With float16 'graph': inputs and outputs stay float32. Default true. */
  readonly keepInputs?: boolean;
  /** With 'int4': how many weights share a scale; a power of 2 from 16 to 256. Default 32. */
  readonly blockSize?: number;
  readonly evaluate?: EvaluateOptions;
  /** Name for messages. Default 'model'. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** Progress of the two parts that take time. */
export type QuantizeEvent =
  | { readonly type: 'calibrate'; readonly examples: number; readonly total: number }
  | { readonly type: 'evaluate'; readonly examples: number; readonly total: number }
  | { readonly type: 'notice'; readonly message: string };
