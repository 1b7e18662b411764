import { likeliest, meanOfTokens } from '../countedTokens.ts';
import type { Metric } from '../metric.ts';

/**
 * The fraction of positions at which student and teacher expect the same token.
 * Shapes    student [N, T, C], teacher [N, T, C], sequences [N, T] with −1 where nothing counts → fraction
 * Units     0…1; higher is better
 * Numerics  NaN if no token counts
 * Throws    nothing
 * Source    as `agreement`, token by token
 */
export const tokenAgreement: Metric = {
  name: 'tokenAgreement',
  measures: 'tokens',
  reads: { teacher: true, labels: false, sequences: true },
  compute: (inputs) =>
    meanOfTokens(inputs, (position, _, vocabulary) => {
      const [own, other] = [inputs.student, inputs.teacher ?? inputs.student].map((side) =>
        likeliest(side, position, vocabulary),
      );
      return own === other ? 1 : 0;
    }),
};
