import { pickRows } from '../core/rows.ts';
import { isSameShape, type NdArray } from '../core/shape.ts';
import { UNLABELLED } from '../data/dataset.ts';
import * as metrics from './metrics/all.ts';

/** Outputs of both models for the same examples, and the truth where it is known. */
export interface MetricInputs {
  readonly student: NdArray;
  readonly teacher?: NdArray;
  readonly labels?: Int32Array;
}

/** In: outputs and truth. Out: one number that a person understands. */
export interface Metric {
  readonly name: string;
  readonly reads: {
    readonly teacher: boolean;
    readonly labels: boolean;
    /** False where only the teacher is held against the truth. Default true. */
    readonly student?: boolean;
  };
  compute(inputs: MetricInputs): number;
}

/**
 * Every metric that these inputs allow, by name. What is held against labels must be one row of classes for each, [N, C],
 * and what is held against a teacher must have its shape: a regression, a sequence or a feature map gets no number that
 * means nothing. Examples without a label (−1) count only where none is read.
 */
export function measure(inputs: MetricInputs): Record<string, number> {
  const labelled = withLabels(inputs);
  return Object.fromEntries(
    Object.values(metrics).flatMap((metric) => {
      const read = metric.reads.labels ? labelled : inputs;
      return read !== undefined && isAllowed(metric, read) ? [[metric.name, metric.compute(read)]] : [];
    }),
  );
}

/** The examples that have a label, where there are any. */
function withLabels(inputs: MetricInputs): MetricInputs | undefined {
  const { student, teacher, labels } = inputs;
  if (labels === undefined || !labels.includes(UNLABELLED)) return inputs;
  const kept = Int32Array.from(labels.keys()).filter((i) => labels[i] !== UNLABELLED);
  if (kept.length === 0) return undefined;
  const rowsOf = (array: NdArray) => (array.shape[0] === labels.length ? pickRows(array, kept) : array);
  return {
    student: rowsOf(student),
    ...(teacher && { teacher: rowsOf(teacher) }),
    labels: kept.map((i) => labels[i] as number),
  };
}

function isAllowed({ reads }: Metric, { student, teacher, labels }: MetricInputs): boolean {
  if (reads.teacher && teacher === undefined) return false;
  if (reads.labels && labels === undefined) return false;
  const compared = [reads.student !== false && student, reads.teacher && teacher].filter((array) => array !== false);
  const [first, second] = compared as NdArray[];
  if (first !== undefined && second !== undefined && !isSameShape(first.shape, second.shape)) return false;
  return !reads.labels || (first !== undefined && isForLabels(first, labels as Int32Array));
}

function isForLabels({ shape }: NdArray, labels: Int32Array): boolean {
  return shape.length === 2 && shape[0] === labels.length;
}
