import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkFraction, checkKnownOptions, checkNotNegative, checkPositive } from '../../core/options.ts';
import type { LessonPrivacy, Method } from '../method.ts';
import { noiseFor, privacySpent } from './accountant.ts';

/**
 * How well each example is hidden from those who see the patch (differential privacy, DP-SGD). Give `epsilon`, or the noise
 * itself. Only the patch is hidden behind it: what is measured on held-out examples, the verdict that follows from it, and what
 * the report says of labels are not.
 */
export interface PrivacyOptions {
  /** What may be told of an example, at most; the noise follows. */
  readonly epsilon?: number;
  /** Standard deviation of the noise in clip norms, in the place of `epsilon`. */
  readonly noiseMultiplier?: number;
  /** How probable it may be that more is told. Default 1 ÷ (10 · examples). */
  readonly delta?: number;
  /** Longest gradient of an example. Default 1. */
  readonly clipNorm?: number;
  /** Probability of each example to be in a step. Default: so that 32 are expected. */
  readonly sampleFraction?: number;
  /** Default 100. */
  readonly steps?: number;
  /** Four words of 32 bits that decide the noise, to repeat a run. Default: from the platform's secure source. */
  readonly noiseSeed?: readonly number[];
}

const OPTIONS = ['epsilon', 'noiseMultiplier', 'delta', 'clipNorm', 'sampleFraction', 'steps', 'noiseSeed'];
export const EXPECTED_LOT = 32;
/** Methods whose steps go through the private optimizer. */
const PRIVATE_METHODS = ['headOnly', 'biasOnly', 'lora', 'full'];

/** Throws    invalid-option */
export function checkPrivacy(options: PrivacyOptions): void {
  checkKnownOptions(options, OPTIONS, 'privacy');
  const { epsilon, noiseMultiplier, delta = 0.5, clipNorm = 1, sampleFraction = 1, steps = 1 } = options;
  if ((epsilon === undefined) === (noiseMultiplier === undefined)) {
    throw new LimbeckError('invalid-option', '"privacy" takes either "epsilon" or "noiseMultiplier".');
  }
  if (epsilon !== undefined) checkPositive(epsilon, 'epsilon');
  if (noiseMultiplier !== undefined) checkNotNegative(noiseMultiplier, 'noiseMultiplier');
  checkPositive(clipNorm, 'clipNorm');
  checkCount(steps, 'steps');
  for (const [name, value] of Object.entries({ delta, sampleFraction }))
    checkPositive(checkFraction(value, name), name);
}

/** Throws    invalid-option: a method that follows no gradient of labels, or one that says how long it learns */
export function privacyOf(options: PrivacyOptions, method: Method, size: number): LessonPrivacy {
  if (!PRIVATE_METHODS.includes(method.name)) {
    throw new LimbeckError(
      'invalid-option',
      `"privacy" cannot hide examples from "${method.name}"; it works with ${PRIVATE_METHODS.join(', ')}.`,
    );
  }
  const { clipNorm = 1, steps = 100, delta = 1 / (10 * size) } = options;
  const { sampleFraction = Math.min(1, EXPECTED_LOT / size) } = options;
  const noiseMultiplier =
    options.noiseMultiplier ?? noiseFor({ epsilon: options.epsilon as number, delta, sampleFraction, steps });
  const { epsilon } =
    noiseMultiplier > 0
      ? privacySpent({ noiseMultiplier, sampleFraction, steps, delta })
      : { epsilon: Number.POSITIVE_INFINITY };
  const noiseSeed = options.noiseSeed ?? [...crypto.getRandomValues(new Uint32Array(4))];
  const spent = { epsilon, delta, noiseMultiplier, clipNorm, sampleFraction, steps };
  return { clipNorm, noiseMultiplier, sampleFraction, steps, noiseSeed, spent };
}
