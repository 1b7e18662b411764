import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkFraction, checkPositive } from '../../core/options.ts';
import { count, fraction, given, type OptionsOf, positive, required, schema } from '../../core/schema.ts';
import { sampledGaussianDivergence } from './sampledGaussian.ts';

const STEPS = schema('private steps', {
  /** The probability with which a step takes an example, each by itself: batch size / examples. Above 0, up to 1. */
  sampleFraction: required(fraction()),
  /** How many there are. */
  steps: required(count(0)()),
  /** The probability that ε is allowed to fail with; below 1 / examples is usual. Above 0, below 1. */
  delta: required(fraction()),
  /** Rényi orders to try, each above 1. Default: 1.1, 1.2, … 10.9, 11, 12, … 64, and some up to 1024. */
  orders: given<readonly number[]>(checkOrders),
});

const SPENT = schema('privacySpent', {
  ...STEPS.fields,
  /** Standard deviation of the noise on a step's sum, in lengths that gradients are clipped to. */
  noiseMultiplier: required(positive()),
});

const NOISE = schema('noiseFor', {
  ...STEPS.fields,
  /** What may be spent, in nats; above 0. */
  epsilon: required(positive()),
});

/** A training with noise: what each step does, and how many there are. */
export interface PrivateSteps extends OptionsOf<typeof STEPS> {}

export interface PrivacySpentOptions extends PrivateSteps, OptionsOf<typeof SPENT> {}

export interface NoiseForOptions extends PrivateSteps, OptionsOf<typeof NOISE> {}

/** How much of their privacy the examples gave, at most. */
export interface PrivacySpent {
  /** In nats: what a step revealed changes the odds of anything about one example by e^ε at most, but for δ. */
  readonly epsilon: number;
  /** The order that gave it. The smallest or largest of `orders`: others may give less. */
  readonly order: number;
}

const TENTHS = Array.from({ length: 99 }, (_, i) => (11 + i) / 10);
const WHOLE = Array.from({ length: 54 }, (_, i) => 11 + i);
/** Rényi orders that are tried, where none are given. */
export const ORDERS: readonly number[] = [...TENTHS, ...WHOLE, 72, 80, 96, 128, 192, 256, 512, 1024];

/**
 * The (ε, δ) differential privacy that noisy steps on random batches keep (DP-SGD), with respect to one example more
 * or less. It holds for batches in which each example is drawn by itself (Poisson sampling) and whose sum is divided by
 * a number that does not depend on the draw; for shuffled batches of one size it is a usual, unproven figure.
 * Units     epsilon in nats; sampleFraction and delta are probabilities; noiseMultiplier in clip norms
 * Numerics  ε to about 1e-10 of itself
 * Throws    invalid-option: sampleFraction outside (0, 1], delta outside (0, 1), noiseMultiplier ≤ 0, steps that are no
 *           whole number ≥ 0, an order ≤ 1
 * Source    Rényi divergence of a step: Mironov, Talwar, Zhang 2019, arXiv:1908.10530 · from it to (ε, δ): Canonne,
 *           Kamath, Steinke 2020, Proposition 12, arXiv:2004.00010 · ε = 0: Bretagnolle and Huber 1979
 * @example
 * const { epsilon } = privacySpent({ noiseMultiplier: 1.1, sampleFraction: 32 / 500, steps: 150, delta: 1e-3 });
 */
export function privacySpent(options: PrivacySpentOptions): PrivacySpent {
  const asked = SPENT.read(options);
  checkProbabilities(asked);
  return spent(asked.noiseMultiplier, asked);
}

/**
 * The least noise with which steps spend no more than `epsilon`, by bisection: what `privacySpent` gives for it is at
 * most `epsilon`.
 * Units     as `privacySpent`; out: clip norms
 * Numerics  at most 1e-6 of itself too much
 * Throws    invalid-option: as `privacySpent`; epsilon ≤ 0, or so small or large that no noise between 1e-3 and 1e6 fits
 * Source    as `privacySpent`, whose ε falls where noise grows
 */
export function noiseFor(options: NoiseForOptions): number {
  const asked = NOISE.read(options);
  const { epsilon } = asked;
  checkCount(asked.steps, 'steps');
  checkProbabilities(asked);
  const isEnough = (noise: number) => spent(noise, asked).epsilon <= epsilon;
  let [little, enough] = [LEAST_NOISE, MOST_NOISE];
  if (!isEnough(enough)) throw outOfReach(epsilon, `needs more noise than ${MOST_NOISE}`, 'larger');
  if (isEnough(little)) throw outOfReach(epsilon, `is kept with less noise than ${LEAST_NOISE}`, 'smaller');
  while (enough / little > 1 + 1e-6) {
    const middle = Math.sqrt(little * enough);
    if (isEnough(middle)) enough = middle;
    else little = middle;
  }
  return enough;
}

const LEAST_NOISE = 1e-3;
const MOST_NOISE = 1e6;

function spent(noise: number, { sampleFraction, steps, delta, orders = ORDERS }: PrivateSteps): PrivacySpent {
  let least: PrivacySpent = { epsilon: Number.POSITIVE_INFINITY, order: Number.NaN };
  for (const order of orders) {
    const divergence = steps * sampledGaussianDivergence(sampleFraction, noise, order);
    const epsilon = epsilonOf(divergence, order, delta);
    if (epsilon < least.epsilon) least = { epsilon, order };
  }
  return least;
}

/** From a Rényi divergence to (ε, δ). */
export function epsilonOf(divergence: number, order: number, delta: number): number {
  // So close are the two distributions that no event's probability differs by more than delta.
  if (delta * delta >= -Math.expm1(-divergence)) return 0;
  const epsilon = divergence + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1);
  return Math.max(0, epsilon);
}

/** Throws    invalid-option: not above 0, or above 1 */
export function checkProbability(value: number, name: string): void {
  checkPositive(checkFraction(value, name), name);
}

function checkProbabilities({ sampleFraction, delta }: PrivateSteps): void {
  checkProbability(sampleFraction, 'sampleFraction');
  checkProbability(delta, 'delta');
  if (delta === 1) throw new LimbeckError('invalid-option', '"delta" was 1, which allows all; it must be below 1.');
}

function checkOrders(orders: readonly number[]): void {
  const isOrders = Array.isArray(orders) && orders.length > 0 && orders.every((one) => Number.isFinite(one) && one > 1);
  if (isOrders) return;
  throw new LimbeckError('invalid-option', `"orders" was ${String(orders)}; it must be a list of numbers above 1.`, {
    details: { name: 'orders', value: String(orders) },
  });
}

function outOfReach(epsilon: number, why: string, which: 'larger' | 'smaller'): LimbeckError {
  return new LimbeckError('invalid-option', `"epsilon" was ${epsilon}, which ${why}; give a ${which} one.`, {
    details: { name: 'epsilon', value: epsilon },
  });
}
