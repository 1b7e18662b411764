import { LimbeckError } from '../../core/errors.ts';
import { checkFraction, checkPositive } from '../../core/options.ts';
import { count, given, notNegative, type OptionsOf, positive, schema } from '../../core/schema.ts';
import { checkNoiseSeed } from '../../core/secretKey.ts';

export const PRIVACY = schema('privacy', {
  /** The most that may be told about an example, in nats; the noise follows. */
  epsilon: positive(),
  /** Standard deviation of the noise in clip norms, instead of `epsilon`. */
  noiseMultiplier: notNegative(),
  /** How probable it may be that more is told. Default: 1 ÷ (10 · examples). */
  delta: given<number>(checkProbability),
  /** Longest gradient of an example. Default 1. */
  clipNorm: positive(1),
  /** Probability of each example to be in a step. Default: so that 32 are expected. */
  sampleFraction: given<number>(checkProbability),
  /** How many steps it learns. Default 100. */
  steps: count()(100),
  /**
   * Eight words of 32 bits from a secure source that determine noise, lots and the held-out examples, to repeat a run; the
   * report then says 'given'. Whoever knows them, or sees two patches made with them, learns more than `epsilon`.
   * Default: fresh ones from the platform's secure source, which are not kept.
   */
  noiseSeed: given<readonly number[]>(checkNoiseSeed),
});

/**
 * How well each example is hidden from those who see the patch (differential privacy, DP-SGD). Give `epsilon`, or the noise
 * itself.
 *
 * **What holds.** Replace any example of `data` or `holdout` by one that teaches nothing: its gradient is zero, and no
 * student answers it correctly. For every set of patches, the probability that the patch is in it changes by a factor of at
 * most e^epsilon, except for delta. This holds against anyone who knows all other examples, their number, the student and
 * every option, but not the key of the noise. It covers the whole patch, including how much of the change the guard let
 * through: each example is either learned from or held out, by a hash of its own content under a fresh key, so that it
 * meets either the noise of the steps or that of the guard's choice, and both keep to epsilon. Examples with the same
 * inputs lie on the same side; an example that occurs k times is protected as a group of k.
 *
 * **What does not.** The number of examples counts as known, and so do the classes, `base` and `keep.replay`. The report
 * and the events of a run are for the owner of the examples: figures, label findings, losses and times are not covered.
 * Neither is the fact that a run was refused, as for a label that is no class. An example in both `data` and `holdout`
 * spends twice. Classes and their names are the caller's: a profile takes no new label behind noise, and `labels` made from
 * the examples reveal them. The random generator is a cipher, so all of this holds against anyone who cannot break it.
 * Source    Abadi et al. 2016, arXiv:1607.00133 · an example that teaches nothing: Ponomareva et al. 2023, §2.1.1
 *           ("zero-out"), arXiv:2303.00654 · two disjoint parts: McSherry 2009, Theorem 4 (parallel composition)
 */
export interface PrivacyOptions extends OptionsOf<typeof PRIVACY> {}

/** Throws    invalid-option: also both of `epsilon` and `noiseMultiplier`, or neither */
export function checkPrivacy(options: PrivacyOptions): void {
  const { epsilon, noiseMultiplier } = PRIVACY.read(options);
  if ((epsilon === undefined) === (noiseMultiplier === undefined)) {
    throw new LimbeckError('invalid-option', '"privacy" takes either "epsilon" or "noiseMultiplier".');
  }
}

/** Throws    invalid-option: not above 0, or above 1 */
export function checkProbability(value: number, name: string): void {
  checkPositive(checkFraction(value, name), name);
}
