import { checkCount } from '../core/options.ts';
import { derivedSeed, type Random, seededRandom } from '../core/random.ts';
import { count, type OptionsOf, positive, required, schema } from '../core/schema.ts';
import type { Mixture } from './mixedUp.ts';

const OPTIONS = schema('randomMixtures', {
  /** How many mixtures. */
  count: required(count()()),
  /** Shares are drawn from Beta(alpha, alpha): near 0 and 1 where it is small, near a half where it is large. Default 0.2. */
  alpha: positive(0.2),
  /** Default 0. */
  seed: count(0)(0),
});

/** How many mixtures, of which shares. */
export interface RandomMixturesOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Mixtures of two examples each, drawn at random, for `mixedUp` and `cutMixed`. Both are different where there are two.
 * Source    Zhang et al. 2018, "mixup", arXiv:1710.09412; gamma variates by Marsaglia, Tsang 2000, "A simple method for generating gamma
 *           variables", ACM Transactions on Mathematical Software 26
 *
 * @example
 * const mixed = mixedUp(data, randomMixtures(data.size, { count: 4 * data.size }));
 * distill({ teacher, student, data: mixed });
 */
export function randomMixtures(size: number, options: RandomMixturesOptions): Mixture[] {
  checkCount(size, 'size');
  const { count: mixtures, alpha, seed } = OPTIONS.read(options);
  const random = seededRandom(derivedSeed(seed, 'mixtures'));
  return Array.from({ length: mixtures }, () => {
    const first = Math.floor(size * random());
    const second = size === 1 ? 0 : (first + 1 + Math.floor((size - 1) * random())) % size;
    return { first, second, share: beta(alpha, random) };
  });
}

/** Beta(a, a). */
function beta(a: number, random: Random): number {
  const [x, y] = [logGamma(a, random), logGamma(a, random)];
  // By logarithms, because a small a makes both too small for numbers.
  return 1 / (1 + Math.exp(y - x));
}

/** The logarithm of a gamma variate of shape a and scale 1. */
function logGamma(a: number, random: Random): number {
  if (a < 1) return logGamma(a + 1, random) + Math.log(1 - random()) / a;
  const d = a - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
