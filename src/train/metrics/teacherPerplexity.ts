import { nllOfTokens } from '../countedTokens.ts';
import type { Metric } from '../metric.ts';

/**
 * The teacher's own perplexity on the same texts, to compare the student's with.
 * Shapes    teacher [N, T, C], sequences [N, T] with −1 where nothing counts → number
 * Units     1 or more; lower is better
 * Numerics  NaN if no token counts or an answer is NaN
 * Throws    nothing
 * Source    as `perplexity`
 */
export const teacherPerplexity: Metric = {
  name: 'teacherPerplexity',
  measures: 'tokens',
  better: 'lower',
  reads: { teacher: true, labels: false, sequences: true },
  compute: ({ teacher, student, ...rest }) => Math.exp(nllOfTokens({ ...rest, student: teacher ?? student })),
};
