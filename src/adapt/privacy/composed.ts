import { epsilonOf, ORDERS } from './accountant.ts';
import { sampledGaussianDivergence } from './sampledGaussian.ts';

/** The part of a noisy training that determines what it tells about an example. */
export interface PrivateSpend {
  /** Standard deviation of the noise in clip norms; 0 means no noise, which tells everything. */
  readonly noiseMultiplier: number;
  /** The probability of each example to be in a step. Above 0, up to 1. */
  readonly sampleFraction: number;
  readonly steps: number;
}

/**
 * The ε of several trainings on the same examples together: their Rényi divergences add up, order by order, even if a later
 * training was chosen by earlier results. It is less than the sum of their ε.
 * Units     nats; delta is a probability, above 0 and below 1
 * Numerics  as `privacySpent`; the same as it gives for one training of all steps, where all have the same noise
 * Throws    nothing: the arguments are checked before
 * Source    adaptive composition: Mironov 2017, Proposition 1, arXiv:1702.07476; with orders fixed before: Feldman and
 *           Zrnic 2021, arXiv:2008.11193 · the rest as `privacySpent`
 */
export function composedEpsilon(spends: readonly PrivateSpend[], delta: number): number {
  if (spends.length === 0) return 0;
  if (spends.some(({ noiseMultiplier }) => noiseMultiplier === 0)) return Number.POSITIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  const curves = spends.map((spend) => ({ steps: spend.steps, curve: curveOf(spend) }));
  for (const [i, order] of ORDERS.entries()) {
    const divergence = curves.reduce((sum, { steps, curve }) => sum + steps * (curve[i] as number), 0);
    const epsilon = epsilonOf(divergence, order, delta);
    // Almost no noise overflows: an order that cannot be computed bounds nothing.
    if (epsilon < least) least = epsilon;
  }
  return least;
}

/** Versions are mostly learned the same way, and a curve takes a few milliseconds. */
const MOST_CURVES = 64;
const curves = new Map<string, readonly number[]>();

/** What one step tells, order by order. */
function curveOf({ sampleFraction, noiseMultiplier }: PrivateSpend): readonly number[] {
  const key = `${sampleFraction} ${noiseMultiplier}`;
  const known = curves.get(key);
  if (known !== undefined) return known;
  const curve = ORDERS.map((order) => sampledGaussianDivergence(sampleFraction, noiseMultiplier, order));
  if (curves.size >= MOST_CURVES) curves.clear();
  curves.set(key, curve);
  return curve;
}
