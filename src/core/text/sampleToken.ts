import { invalidOption } from '../options.ts';
import type { Random } from '../random.ts';
import { count, fraction, notNegative, type OptionsOf, type Read, schema } from '../schema.ts';
import { argMax } from '../stats.ts';

export const SAMPLING = schema('the choice of tokens', {
  /** 1: as likely as the model says. Below 1 likely tokens win more often; 0 always takes the likeliest. Default 1. */
  temperature: notNegative(1),
  /** Chooses among the likeliest tokens only that reach this probability together, above 0 (nucleus sampling). Default 1: all. */
  topP: fraction(1),
  /** Chooses among this many of the likeliest tokens only. Default: all. */
  topK: count()(),
});

/** How a token is chosen. */
export interface SamplingOptions extends OptionsOf<typeof SAMPLING> {}

export type Sampling = Read<typeof SAMPLING>;

/** Throws    invalid-option: a topP of 0 */
export function checkSampling({ topP }: Pick<Sampling, 'topP'>): void {
  if (topP === 0) throw invalidOption('topP', topP, 'a fraction above 0, up to 1');
}

/** A token, and how likely the model finds it, whatever the temperature. */
export interface SampledToken {
  readonly token: number;
  /** In nats. */
  readonly logProb: number;
}

/**
 * Draws a token from logits: divided by the temperature, then of these the `topK` likeliest, then of these the fewest that
 * reach `topP` together.
 * Source    Fan et al. 2018, arXiv:1805.04833 (top-k); Holtzman et al. 2020, arXiv:1904.09751, §3.1 (top-p)
 */
export function sampleToken(logits: ArrayLike<number>, sampling: Sampling, random: Random): SampledToken {
  const token = sampling.temperature === 0 ? argMax(logits, 0, logits.length) : drawn(logits, sampling, random);
  const most = logits[argMax(logits, 0, logits.length)] as number;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] as number) - most);
  return { token, logProb: (logits[token] as number) - most - Math.log(sum) };
}

function drawn(logits: ArrayLike<number>, { temperature, topP, topK }: Sampling, random: Random): number {
  const most = logits[argMax(logits, 0, logits.length)] as number;
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  const isCut = topP < 1 || (topK !== undefined && topK < weights.length);
  // Ties in the order of the tokens, on every engine.
  const order = isCut
    ? Array.from(weights.keys()).sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b)
    : Array.from(weights.keys());
  let kept = Math.min(topK ?? order.length, order.length);
  const sumOf = (count: number) => order.slice(0, count).reduce((sum, token) => sum + (weights[token] as number), 0);
  let total = sumOf(kept);
  if (topP < 1) {
    const needed = topP * total;
    let reached = 0;
    kept =
      order.slice(0, kept).findIndex((token) => {
        reached += weights[token] as number;
        return reached >= needed;
      }) + 1 || kept;
    total = sumOf(kept);
  }
  let left = random() * total;
  for (const token of order.slice(0, kept)) {
    left -= weights[token] as number;
    if (left < 0) return token;
  }
  return order[kept - 1] as number;
}
