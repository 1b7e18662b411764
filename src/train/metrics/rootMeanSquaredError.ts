import type { Metric } from '../metric.ts';

/**
 * Root mean squared error (RMSE): the difference between the student's and the teacher's numbers, over all numbers of all examples.
 * Shapes    student [N, …], teacher [N, …] → one number
 * Units     those of the numbers; 0 or more; lower is better
 * Numerics  NaN if a number is NaN
 * Throws    nothing
 * Source    the root of PyTorch's F.mse_loss(student, teacher)
 */
export const rootMeanSquaredError: Metric = {
  name: 'rootMeanSquaredError',
  measures: 'values',
  better: 'lower',
  reads: { teacher: true, labels: false },
  compute({ student, teacher = student }) {
    let sum = 0;
    for (let i = 0; i < student.data.length; i++)
      sum += ((student.data[i] as number) - (teacher.data[i] as number)) ** 2;
    return Math.sqrt(sum / student.data.length);
  },
};
