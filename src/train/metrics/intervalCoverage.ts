import type { Metric } from '../metric.ts';

/**
 * Interval coverage: the fraction of the teacher's values, or of the truth, between the first and the last of the student's
 * quantiles, borders included; of a single quantile, the fraction not above it. It should be what the quantiles promise: 0.9
 * from 0.05 to 0.95. More than that means intervals that are too wide.
 * Shapes    student [N, Q], teacher [N, M], one or more values each → fraction
 * Units     0…1; higher is better up to what the quantiles promise
 * Numerics  an interval whose limits have crossed holds nothing; NaN if a number is NaN
 * Throws    nothing
 * Source    prediction interval coverage probability (PICP), Khosravi, Nahavandi, Creighton, Atiya 2011, IEEE Trans. Neural
 *           Networks 22(3)
 */
export const intervalCoverage: Metric = {
  name: 'intervalCoverage',
  measures: 'quantiles',
  reads: { teacher: true, labels: false, otherLengths: true },
  compute({ student, teacher = student }) {
    const [quantiles = 1, values = 1] = [student.shape.at(-1), teacher.shape.at(-1)];
    let inside = 0;
    for (let i = 0; i < teacher.data.length; i++) {
      const from = Math.floor(i / values) * quantiles;
      const [low, high] = [student.data[from] as number, student.data[from + quantiles - 1] as number];
      const value = teacher.data[i] as number;
      if (Number.isNaN(low + high + value)) return Number.NaN;
      if (value <= high && (quantiles === 1 || value >= low)) inside++;
    }
    return inside / teacher.data.length;
  },
};
