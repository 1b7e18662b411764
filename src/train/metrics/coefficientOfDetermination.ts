import type { Metric } from '../metric.ts';

/**
 * Coefficient of determination (R²): the fraction of the variance of the teacher's numbers that the student explains,
 * 1 − Σ(t − s)² ÷ Σ(t − t̄)² for each number, mean over the numbers of an example. Always predicting the mean gives 0.
 * Shapes    student [N, …], teacher [N, …] → fraction
 * Units     at most 1, below 0 if the mean would be better; higher is better
 * Numerics  NaN if a number is NaN
 * Throws    nothing
 * Source    scikit-learn's r2_score(teacher, student), multioutput 'uniform_average': a number that never varies counts 1
 *           if it is matched, else 0
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
