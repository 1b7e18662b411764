import type { NdArray } from '../core/shape.ts';
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
  readonly reads: { readonly teacher: boolean; readonly labels: boolean };
  compute(inputs: MetricInputs): number;
}

/** Every metric that these inputs allow, by name. */
export function measure(inputs: MetricInputs): Record<string, number> {
  const allowed = Object.values(metrics).filter(
    ({ reads }) => !(reads.teacher && inputs.teacher === undefined) && !(reads.labels && inputs.labels === undefined),
  );
  return Object.fromEntries(allowed.map((metric) => [metric.name, metric.compute(inputs)]));
}
