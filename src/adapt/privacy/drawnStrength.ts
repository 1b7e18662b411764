import type { SecretKey } from '../../core/secretKey.ts';
import { secretNumbers } from '../../core/secretRandom.ts';
import { ORDERS } from './accountant.ts';
import { sampledGaussianDivergence } from './sampledGaussian.ts';

/** A strength of a change, and how many held-out examples the student answers correctly with it. */
export interface Candidate {
  /** 0: nothing changes. */
  readonly strength: number;
  readonly right: number;
}

/**
 * Draws one of several strengths, better ones with more probability: a strength s that answers n_s held-out examples
 * correctly has the weight max(s, ¼) · e^(ε · n_s); for no change at all n_s is reduced by what is tolerated. It draws even
 * if no example happens to be held out.
 *
 * One more example adds 0 or 1 to each n_s. So the logarithms of all probabilities move within a range of ε and, as they
 * sum to 1, none moves by more: the choice tells at most ε about a held-out example. An example that no strength answers
 * changes nothing.
 * Units     epsilon in nats, infinite for the best without noise; tolerated in right answers, from what is known of all
 *           runs
 * Throws    nothing: there is always a candidate
 * Source    McSherry and Talwar 2007, §3 (exponential mechanism) · by the range: Durfee and Rogers 2019, arXiv:1905.04273
 */
export function drawnStrength<T extends Candidate>(
  candidates: readonly T[],
  { epsilon, tolerated, key }: DrawOptions,
): T {
  const scores = candidates.map(({ strength, right }) => right - (strength === 0 ? tolerated : 0));
  const best = Math.max(...scores);
  const weights = candidates.map(({ strength }, i) => {
    const behind = best - (scores[i] as number);
    return Math.max(strength, LEAST_WEIGHT) * (behind === 0 ? 1 : Math.exp(-epsilon * behind));
  });
  // Without noise: the first of the best.
  const at = epsilon === Number.POSITIVE_INFINITY ? 0 : secretNumbers(key, 'guard')();
  let rest = at * weights.reduce((sum, weight) => sum + weight, 0);
  const found = candidates.find((_, i) => {
    rest -= weights[i] as number;
    return rest < 0;
  });
  return found ?? (candidates[weights.indexOf(Math.max(...weights))] as T);
}

/** The weight before anything is measured. */
const LEAST_WEIGHT = 0.25;

export interface DrawOptions {
  readonly epsilon: number;
  readonly tolerated: number;
  readonly key: SecretKey;
}

/**
 * The ε at which such a choice tells no more about a held-out example than the steps tell about a learned one, by every
 * Rényi order that the accountant tries. An example meets only one of the two, so the steps' account covers both.
 *
 * A choice whose log-probabilities move within a range of ε has K(α) = log E[r^α] with K(0) = K(1) = 0 and K″ ≤ ε²/4, so
 * that its divergence is α ε²/8 at most.
 * Units     nats; infinite where the steps have no noise
 * Throws    nothing
 * Source    Cesar and Rogers 2021, arXiv:2004.07223 (bounded range is ε²/8-zCDP)
 */
export function guardEpsilonFor({
  noiseMultiplier,
  sampleFraction,
  steps,
}: {
  readonly noiseMultiplier: number;
  readonly sampleFraction: number;
  readonly steps: number;
}): number {
  if (noiseMultiplier === 0) return Number.POSITIVE_INFINITY;
  const rates = ORDERS.map(
    (order) => (steps * sampledGaussianDivergence(sampleFraction, noiseMultiplier, order)) / order,
  );
  return Math.sqrt(8 * rates.reduce((a, b) => Math.min(a, b)));
}
