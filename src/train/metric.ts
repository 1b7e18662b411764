import { LimbeckError } from '../core/errors.ts';
import { checkOneOf } from '../core/options.ts';
import type { NdArray } from '../core/shape.ts';

/** Outputs of both models for the same examples, and their labels or sequences if known. */
export interface MetricInputs {
  readonly student: NdArray;
  readonly teacher?: NdArray;
  readonly labels?: Int32Array;
  /** The sequence of each example [N, L], with −1 behind its end. */
  readonly sequences?: Int32Array;
  /** The class that stands for no character, where there are sequences. Default 0. */
  readonly blank?: number;
}

/**
 * What the compared outputs are. 'classes': a row of logits for each example, or each of its steps. 'values': numbers that
 * have a meaning by themselves, as in a regression. 'quantiles': limits below which fractions of such numbers lie.
 * 'points': places in a picture [P, 2]. 'boxes': x1, y1, x2, y2 each. 'embeddings': points in a space where only distances matter. 'scores': one number for each candidate of a list, which put
 * them in order. 'tokens': a row of logits for the token that follows each position of a text.
 */
export type OutputKind = 'classes' | 'values' | 'quantiles' | 'points' | 'boxes' | 'embeddings' | 'scores' | 'tokens';

export const OUTPUT_KINDS = [
  'classes',
  'values',
  'quantiles',
  'points',
  'boxes',
  'embeddings',
  'scores',
  'tokens',
] as const satisfies readonly OutputKind[];

/** From outputs and labels to one number that a person understands. */
export interface Metric {
  readonly name: string;
  /** The kind of output that it applies to. Default: any. */
  readonly measures?: OutputKind;
  /** Default 'higher'. */
  readonly better?: 'higher' | 'lower';
  readonly reads: {
    readonly teacher: boolean;
    readonly labels: boolean;
    /** Whether it reads sequences; the student's output is then [N, T, C]. Default false. */
    readonly sequences?: boolean;
    /** False if only the teacher is compared with the labels. Default true. */
    readonly student?: boolean;
    /** Whether student and teacher may have rows of different lengths, [N, D] and [N, E]. Default false: one shape. */
    readonly otherLengths?: boolean;
  };
  compute(inputs: MetricInputs): number;
}

/** Names of limbeck's metrics, told here so that to check one's own needs none of them. */
export const OWN_METRICS = [
  'accuracy',
  'agreement',
  'calibrationError',
  'characterErrorRate',
  'coefficientOfDetermination',
  'correctPoints@0.05',
  'cosineSimilarity',
  'intervalCoverage',
  'meanAbsoluteError',
  'meanOverlap',
  'negativeLogLikelihood',
  'neighboursKept',
  'normalizedGain@10',
  'normalizedMeanError',
  'perplexity',
  'rankCorrelation',
  'reciprocalRank',
  'rootMeanSquaredError',
  'teacherAccuracy',
  'teacherPerplexity',
  'tokenAccuracy',
  'tokenAgreement',
  'topRecall@10',
] as const;

/** Throws    invalid-option: no metric, or one with a name that another has */
export function checkMetrics(own: readonly Metric[]): void {
  const taken = new Set<string>(OWN_METRICS);
  if (!Array.isArray(own)) throw noMetric('"metrics"', own, 'a list of metrics');
  for (const [i, metric] of own.entries()) {
    checkMetric(metric, `metrics[${i}]`);
    if (taken.has(metric.name)) {
      throw new LimbeckError('invalid-option', `There are two metrics "${metric.name}"; give yours another name.`, {
        details: { name: metric.name },
      });
    }
    taken.add(metric.name);
  }
}

/** Throws    invalid-option */
export function checkMetric(metric: Metric | undefined, subject: string): void {
  const { name, measures = 'classes', better = 'higher' } = metric ?? {};
  const isOne = typeof name === 'string' && name !== '' && typeof metric?.compute === 'function' && !!metric.reads;
  if (!isOne) throw noMetric(subject, metric, 'a metric: { name, reads: { teacher, labels }, compute }');
  checkOneOf(measures, `${subject}.measures`, OUTPUT_KINDS);
  checkOneOf(better, `${subject}.better`, ['higher', 'lower']);
}

/** The error for something that is not a metric. */
function noMetric(subject: string, given: unknown, needed: string): LimbeckError {
  return new LimbeckError('invalid-option', `${subject} was ${String(given)}; it must be ${needed}.`);
}
