import type { Metric } from '../metric.ts';

/**
 * Rank correlation (Kendall's tau-b): of pairs of candidates, how many more the student orders as the teacher than the other
 * way round, as a fraction, mean over the lists. Pairs that one of them does not tell apart count for neither, and shrink
 * the fraction's base.
 * Shapes    student [B, N], teacher [B, N] → fraction
 * Units     −1…1; higher is better; 0 for a student that orders by chance, or gives a list equal scores
 * Numerics  lists that the teacher gives equal scores are left out, NaN if all are, and if a number is NaN; N² steps a list
 * Throws    nothing
 * Source    Kendall 1945, The treatment of ties in ranking problems, Biometrika 33(3); SciPy's kendalltau
 */
export const rankCorrelation: Metric = {
  name: 'rankCorrelation',
  measures: 'scores',
  reads: { teacher: true, labels: false },
  compute({ student, teacher = student }) {
    const length = student.shape.at(-1) ?? 0;
    let [sum, known] = [0, 0];
    for (let from = 0; length > 0 && from < student.data.length; from += length) {
      const [own, given] = [student, teacher].map(({ data }) => data.subarray(from, from + length));
      const tau = tauOf(own as Float32Array, given as Float32Array);
      if (tau === undefined) continue;
      sum += tau;
      known++;
    }
    return known === 0 ? Number.NaN : sum / known;
  },
};

function tauOf(own: Float32Array, given: Float32Array): number | undefined {
  let [agreed, ofOwn, ofGiven] = [0, 0, 0];
  for (let i = 0; i < own.length; i++) {
    for (let j = 0; j < i; j++) {
      const a = Math.sign((own[i] as number) - (own[j] as number));
      const b = Math.sign((given[i] as number) - (given[j] as number));
      agreed += a * b;
      ofOwn += a * a;
      ofGiven += b * b;
    }
  }
  if (ofGiven === 0) return undefined;
  return ofOwn === 0 ? 0 : agreed / Math.sqrt(ofOwn * ofGiven);
}
