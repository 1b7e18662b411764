import type { Metric } from '../metric.ts';

/**
 * Mean absolute error (MAE): how far the student's numbers lie from the teacher's, over all numbers of all examples.
 * Shapes    student [N, …], teacher [N, …] → one number
 * Units     those of the numbers; 0 or more; lower is better
 * Numerics  NaN if a number is NaN
 * Throws    nothing
 * Source    PyTorch's F.l1_loss(student, teacher)
 */
export const meanAbsoluteError: Metric = {
  name: 'meanAbsoluteError',
  measures: 'values',
  better: 'lower',
  reads: { teacher: true, labels: false },
  compute({ student, teacher = student }) {
    let sum = 0;
    for (let i = 0; i < student.data.length; i++)
      sum += Math.abs((student.data[i] as number) - (teacher.data[i] as number));
    return sum / student.data.length;
  },
};
