import { LimbeckError } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';
import { count, fraction, given, type OptionsOf, positive, required, schema } from '../../core/schema.ts';
import { checkProbability } from './privacyOptions.ts';
import { sampledGaussianDivergence } from './sampledGaussian.ts';

const STEPS = schema('private steps', {
  /** The probability that a step takes an example, independently for each: batch size / examples. Above 0, up to 1. */
  sampleFraction: required(fraction()),
  /** How many steps there are. */
  steps: required(count(0)()),
  /** The probability with which ε may fail; usually below 1 / examples. Above 0, below 1. */
  delta: required(fraction()),
  /** Rényi orders to try, each above 1. Default: 1.1, 1.2, … 10.9, 11, 12, … 64, and some up to 1024. */
  orders: given<readonly number[]>(checkOrders),
});

const SPENT = schema('privacySpent', {
  ...STEPS.fields,
  /** Standard deviation of the noise on a step's sum, in clip norms. */
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

/** How much privacy the examples lost, at most. */
export interface PrivacySpent {
  /** In nats: what was revealed changes the odds of anything about one example by e^ε at most, except with probability δ. */
  readonly epsilon: number;
  /** The order that gave it. If it is the smallest or largest of `orders`, others may give less. */
  readonly order: number;
}

const TENTHS = Array.from({ length: 99 }, (_, i) => (11 + i) / 10);
const WHOLE = Array.from({ length: 54 }, (_, i) => 11 + i);
/** Rényi orders that are tried, where none are given. */
export const ORDERS: readonly number[] = [...TENTHS, ...WHOLE, 72, 80, 96, 128, 192, 256, 512, 1024];

/**
 * The (ε, δ) differential privacy of noisy steps on random batches (DP-SGD), with respect to one example more or less. It
 * holds for batches in which each example is drawn independently (Poisson sampling) and whose sum is divided by a number
 * that does not depend on the draw; for shuffled batches of one size the figure is common, but unproven.
 * Units     epsilon in nats; sampleFraction and delta are probabilities; noiseMultiplier in clip norms
 * Numerics  relative error of ε about 1e-10
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
 * The smallest noise with which the steps spend at most `epsilon`, by bisection: `privacySpent` gives at most `epsilon` for
 * it.
 * Units     as `privacySpent`; out: clip norms
 * Numerics  too large by at most 1e-6 of itself
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
  // The two distributions are so close that no event's probability differs by more than delta.
  if (delta * delta >= -Math.expm1(-divergence)) return 0;
  const epsilon = divergence + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1);
  return Math.max(0, epsilon);
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
