import { argMax } from '../../core/stats.ts';
import type { Metric } from '../metric.ts';

/**
 * The fraction of examples whose most likely class is their label.
 * Shapes    student [N, C], labels [N] → fraction
 * Units     0…1; higher is better
 * Throws    nothing
 * Source    the usual top-1 accuracy
 */
export const accuracy: Metric = {
  name: 'accuracy',
  measures: 'classes',
  reads: { teacher: false, labels: true },
  compute({ student, labels }) {
    const classes = student.shape.at(-1) as number;
    const truth = labels ?? new Int32Array(0);
    let correct = 0;
    for (let i = 0; i < truth.length; i++) if (argMax(student.data, i * classes, classes) === truth[i]) correct++;
    return correct / truth.length;
  },
};
