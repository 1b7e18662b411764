import { argMax } from '../../../core/stats.ts';
import type { Metric } from '../../metric.ts';

/**
 * Macro-F1: the harmonic mean of precision and recall of each class, mean over the classes, so that rare ones count as much as
 * common ones. Give it as one of `metrics`.
 * Shapes    student [N, C], labels [N] → fraction
 * Units     0…1; higher is better
 * Numerics  classes that are neither a label nor predicted are left out; NaN if an answer is NaN
 * Throws    nothing
 * Source    scikit-learn's f1_score(average='macro', zero_division=0)
 * @example
 * distill({ teacher, student, data, holdout, metrics: [macroF1] });
 */
export const macroF1: Metric = {
  name: 'macroF1',
  measures: 'classes',
  reads: { teacher: false, labels: true },
  compute({ student: { data, shape }, labels = new Int32Array(0) }) {
    if (data.some(Number.isNaN)) return Number.NaN;
    const classes = shape.at(-1) as number;
    const [right, named, wanted] = [0, 0, 0].map(() => new Int32Array(classes)) as [Int32Array, Int32Array, Int32Array];
    for (const [i, label] of labels.entries()) {
      const predicted = argMax(data, i * classes, classes);
      named[predicted] = (named[predicted] as number) + 1;
      wanted[label] = (wanted[label] as number) + 1;
      if (predicted === label) right[label] = (right[label] as number) + 1;
    }
    const seen = [...right.keys()].filter((c) => (named[c] as number) + (wanted[c] as number) > 0);
    // 2 · precision · recall ÷ (precision + recall)
    const scoreOf = (c: number) => (2 * (right[c] as number)) / ((named[c] as number) + (wanted[c] as number));
    return seen.reduce((sum, c) => sum + scoreOf(c), 0) / seen.length;
  },
};
