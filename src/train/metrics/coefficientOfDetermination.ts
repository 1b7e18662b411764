import type { Metric } from '../metric.ts';

/**
 * Coefficient of determination (R²): which part of the variance of the teacher's numbers the student explains, 1 − Σ(t − s)² ÷
 * Σ(t − t̄)² of each number, mean over the numbers of an example. Always saying the mean gives 0.
 * Shapes    student [N, …], teacher [N, …] → fraction
 * Units     1 at most, below 0 where the mean would be better; higher is better
 * Numerics  NaN where a number is none
 * Throws    nothing
 * Source    scikit-learn's r2_score(teacher, student), multioutput 'uniform_average': a number that never varies counts 1
 *           where it is met, else 0
 */
export const coefficientOfDetermination: Metric = {
  name: 'coefficientOfDetermination',
  measures: 'values',
  reads: { teacher: true, labels: false },
  compute({ student, teacher = student }) {
    const count = student.shape[0] ?? 1;
    const width = student.data.length / count;
    let sum = 0;
    for (let at = 0; at < width; at++) {
      const column = (values: ArrayLike<number>, i: number) => values[i * width + at] as number;
      let mean = 0;
      for (let i = 0; i < count; i++) mean += column(teacher.data, i) / count;
      let [missed, varied] = [0, 0];
      for (let i = 0; i < count; i++) {
        missed += (column(teacher.data, i) - column(student.data, i)) ** 2;
        varied += (column(teacher.data, i) - mean) ** 2;
      }
      sum += varied === 0 ? (missed === 0 ? 1 : missed > 0 ? 0 : Number.NaN) : 1 - missed / varied;
    }
    return sum / width;
  },
};
