import { argMax } from '../../core/stats.ts';
import type { Metric } from '../metric.ts';

/**
 * The fraction of examples for which student and teacher predict the same class.
 * Shapes    student [N, C], teacher [N, C] → fraction
 * Units     0…1; higher is better
 * Throws    nothing
 * Source    top-1 agreement, Stanton et al. 2021, "Does Knowledge Distillation Really Work?", arXiv:2106.05945, §3
 */
export const agreement: Metric = {
  name: 'agreement',
  measures: 'classes',
  reads: { teacher: true, labels: false },
  compute({ student, teacher }) {
    const classes = student.shape.at(-1) as number;
    const count = student.data.length / classes;
    let same = 0;
    for (let i = 0; i < count; i++) {
      if (argMax(student.data, i * classes, classes) === argMax(teacher?.data ?? [], i * classes, classes)) same++;
    }
    return same / count;
  },
};
