import type { Metric } from '../metric.ts';
import { accuracy } from './accuracy.ts';

/**
 * The fraction of examples whose label is the teacher's most likely class, for comparison with the student's accuracy.
 * Shapes    teacher [N, C], labels [N] → fraction
 * Units     0…1; higher is better
 * Throws    nothing
 * Source    the usual top-1 accuracy, of the teacher
 */
export const teacherAccuracy: Metric = {
  name: 'teacherAccuracy',
  measures: 'classes',
  reads: { teacher: true, labels: true, student: false },
  compute: ({ student, teacher = student, labels }) =>
    accuracy.compute({ student: teacher, ...(labels && { labels }) }),
};
