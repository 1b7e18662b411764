import { pickRows } from '../core/rows.ts';
import { isSameShape, type NdArray } from '../core/shape.ts';
import { UNLABELLED } from '../data/dataset.ts';
import type { Metric, MetricInputs, OutputKind } from './metric.ts';
import * as metrics from './metrics/all.ts';

/** The kind of the outputs, and further metrics. */
export interface MeasureOptions {
  /** Default: 'values' for one number per example, [N, 1], else 'classes'. */
  readonly kind?: OutputKind;
  /** Metrics of your own in addition to limbeck's. Default: none. */
  readonly metrics?: readonly Metric[];
}

/**
 * Every metric that these inputs allow, by name: those of the outputs' kind, and your own. Outputs that are compared with
 * labels must be one row of classes per example, [N, C]; those compared with a teacher must have its shape, so that no
 * meaningless number is given for a feature map; those compared with sequences must be rows of classes, [N, T, C]. Examples without a label (−1) count only for metrics that
 * read none.
 */
export function measure(inputs: MetricInputs, options: MeasureOptions = {}): Record<string, number> {
  const { kind = inputs.student.shape.at(-1) === 1 ? 'values' : 'classes', metrics: own = [] } = options;
  const labelled = withLabels(inputs);
  const wanted = [...Object.values(metrics), ...own].filter(({ measures = kind }) => measures === kind);
  return Object.fromEntries(
    wanted.flatMap((metric) => {
      const read = metric.reads.labels ? labelled : inputs;
      return read !== undefined && isAllowed(metric, read) ? [[metric.name, metric.compute(read)]] : [];
    }),
  );
}

/** The examples that have a label, if any do. */
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

function isAllowed({ reads }: Metric, { student, teacher, labels, sequences }: MetricInputs): boolean {
  if (reads.teacher && teacher === undefined) return false;
  if (reads.labels && labels === undefined) return false;
  if (reads.sequences && (sequences === undefined || !isForSequences(student, sequences))) return false;
  const compared = [reads.student !== false && student, reads.teacher && teacher].filter((array) => array !== false);
  const [first, second] = compared as NdArray[];
  if (first !== undefined && second !== undefined && !areComparable(first.shape, second.shape, reads)) return false;
  return !reads.labels || (first !== undefined && isForLabels(first, labels as Int32Array));
}

function areComparable(
  first: readonly number[],
  second: readonly number[],
  { otherLengths }: Metric['reads'],
): boolean {
  if (!otherLengths) return isSameShape(first, second);
  return first.length === 2 && second.length === 2 && first[0] === second[0];
}

/** A row of classes for each step of each example. */
function isForSequences({ shape }: NdArray, sequences: Int32Array): boolean {
  return shape.length === 3 && sequences.length > 0 && sequences.length % (shape[0] as number) === 0;
}

function isForLabels({ shape }: NdArray, labels: Int32Array): boolean {
  return shape.length === 2 && shape[0] === labels.length;
}
