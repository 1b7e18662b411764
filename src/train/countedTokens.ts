// What the metrics of texts share: positions without a next token count nothing.
import { logProbsOf } from '../core/logProbs.ts';
import { argMax } from '../core/stats.ts';
import type { MetricInputs } from './metric.ts';

/** The mean of `value` over the positions that count: those with a next token. */
export function meanOfTokens(
  { student, sequences = new Int32Array(0) }: MetricInputs,
  value: (position: number, token: number, vocabulary: number) => number,
): number {
  const vocabulary = student.shape.at(-1) ?? 1;
  let [sum, count] = [0, 0];
  for (const [position, token] of sequences.entries()) {
    if (token < 0) continue;
    sum += value(position, token, vocabulary);
    count++;
  }
  return sum / count;
}

/** −log of the probability that is given to the next token, mean over those that count. */
export function nllOfTokens(inputs: MetricInputs): number {
  const logProbs = logProbsOf(inputs.student);
  return meanOfTokens(inputs, (position, token, vocabulary) =>
    token < vocabulary ? -(logProbs[position * vocabulary + token] as number) : Number.POSITIVE_INFINITY,
  );
}

/** The likeliest class at a position. */
export const likeliest = (
  { data }: { readonly data: ArrayLike<number> },
  position: number,
  vocabulary: number,
): number => argMax(data, position * vocabulary, vocabulary);
