import { nllOfTokens } from '../countedTokens.ts';
import type { Metric } from '../metric.ts';

/**
 * Perplexity: e to the power of the mean negative log-likelihood of the next token; among how many equally likely tokens the
 * student is unsure. Of characters or bytes, its base-2 logarithm is the bits for each.
 * Shapes    student [N, T, C], sequences [N, T] with −1 where nothing counts → number
 * Units     1 or more, C for uniform answers; lower is better
 * Numerics  NaN if no token counts or an answer is NaN; infinite for a token that the student does not have
 * Throws    nothing
 * Source    Jelinek et al. 1977, "Perplexity: a measure of the difficulty of speech recognition tasks"
 */
export const perplexity: Metric = {
  name: 'perplexity',
  measures: 'tokens',
  better: 'lower',
  reads: { teacher: false, labels: false, sequences: true },
  compute: (inputs) => Math.exp(nllOfTokens(inputs)),
};
