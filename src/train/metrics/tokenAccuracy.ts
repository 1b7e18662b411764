import { likeliest, meanOfTokens } from '../countedTokens.ts';
import type { Metric } from '../metric.ts';

/**
 * The fraction of tokens that the student finds the likeliest to follow.
 * Shapes    student [N, T, C], sequences [N, T] with −1 where nothing counts → fraction
 * Units     0…1; higher is better
 * Numerics  NaN if no token counts
 * Throws    nothing
 * Source    top-1 accuracy of the next token
 */
export const tokenAccuracy: Metric = {
  name: 'tokenAccuracy',
  measures: 'tokens',
  reads: { teacher: false, labels: false, sequences: true },
  compute: (inputs) =>
    meanOfTokens(inputs, (position, token, vocabulary) =>
      likeliest(inputs.student, position, vocabulary) === token ? 1 : 0,
    ),
};
