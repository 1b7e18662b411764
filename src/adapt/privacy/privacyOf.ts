import { LimbeckError } from '../../core/errors.ts';
import { count, given, notNegative, type OptionsOf, positive, schema } from '../../core/schema.ts';
import { drawKey } from '../../core/secretRandom.ts';
import { checkNoiseSeed } from '../../train/parts/adaptation/adaptation.ts';
import type { LessonPrivacy, Method } from '../method.ts';
import { checkProbability, noiseFor, privacySpent } from './accountant.ts';
import type { PrivateSpend } from './composed.ts';
import { guardEpsilonFor } from './drawnStrength.ts';

export const PRIVACY = schema('privacy', {
  /** What may be told of an example, at most; the noise follows. */
  epsilon: positive(),
  /** Standard deviation of the noise in clip norms, in the place of `epsilon`. */
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
   * Eight words of 32 bits from a secure source that decide noise, lots and who is held out, to repeat a run; the report then
   * says 'given'. Who knows them, or sees two patches that were made with them, is told more than `epsilon`. Default: fresh
   * ones from the platform's secure source, which nobody keeps.
   */
  noiseSeed: given<readonly number[]>(checkNoiseSeed),
});

/**
 * How well each example is hidden from those who see the patch (differential privacy, DP-SGD). Give `epsilon`, or the noise
 * itself.
 *
 * **What holds.** Take any example of `data` or `holdout`, and put in its place one that teaches nothing: its gradient is zero,
 * and it is answered rightly by none. For every set of patches, the probability that the patch is in it changes by a factor of
 * e^epsilon at most, but for delta. It holds against whoever knows all other examples, how many there are, the student and every
 * option, except the key of the noise. It covers the whole patch, also how much of the change the guard let through: each
 * example is either learned from or held out, by a hash of its own content under a fresh key, so that it meets either the
 * noise of the steps or that of the guard's choice, and both keep to epsilon. Examples with the same inputs lie on the same
 * side; one that is there k times is protected as a group of k.
 *
 * **What does not.** The number of examples is taken to be known, and so are the classes, `base` and `keep.replay`. The report and the events
 * of a run are for whose examples they are: what was measured, label findings, losses and times are not covered. Nor is
 * that a run was refused, as it is for a label that is no class. An example that is in both `data` and `holdout` is
 * told of twice. Classes and their names are the caller's: a profile takes no new label behind noise, and whoever makes
 * `labels` of the examples' own tells of them. The generator is a cipher's, so that all of this holds against those who cannot break it.
 * Source    Abadi et al. 2016, arXiv:1607.00133 · an example that teaches nothing: Ponomareva et al. 2023, §2.1.1 ("zero-out"),
 *           arXiv:2303.00654 · two disjoint parts: McSherry 2009, Theorem 4 (parallel composition)
 */
export interface PrivacyOptions extends OptionsOf<typeof PRIVACY> {}

const EXPECTED_LOT = 32;
/** Methods whose steps go through the private optimizer. */
const PRIVATE_METHODS = ['headOnly', 'biasOnly', 'lora', 'full'];

/** Throws    invalid-option: also both of `epsilon` and `noiseMultiplier`, or neither */
export function checkPrivacy(options: PrivacyOptions): void {
  const { epsilon, noiseMultiplier } = PRIVACY.read(options);
  if ((epsilon === undefined) === (noiseMultiplier === undefined)) {
    throw new LimbeckError('invalid-option', '"privacy" takes either "epsilon" or "noiseMultiplier".');
  }
}

/** How many examples there are: all that may be known of them. */
export interface ExampleCounts {
  readonly own: number;
  /** Which part of the person's own is held out; 0 where others are held out, or none. */
  readonly heldFraction: number;
  readonly replayed: number;
}

/** How many are learned from, as many as are expected. */
function learnedOf({ own, heldFraction, replayed }: ExampleCounts): number {
  return Math.max(1, (1 - heldFraction) * own + replayed);
}

/**
 * What the steps will spend, by the options and how many examples there are.
 * Throws    invalid-option: an epsilon that no noise gives
 */
export function spendOf(options: PrivacyOptions, counts: ExampleCounts): PrivateSpend & { readonly delta: number } {
  const asked = PRIVACY.read(options);
  const { steps, delta = 1 / (10 * (counts.own + counts.replayed)) } = asked;
  const { sampleFraction = Math.min(1, EXPECTED_LOT / learnedOf(counts)) } = asked;
  const { noiseMultiplier = noiseFor({ epsilon: asked.epsilon as number, delta, sampleFraction, steps }) } = asked;
  return { noiseMultiplier, sampleFraction, steps, delta };
}

/**
 * `expectedHeld` are those by which a guard judges, as many as are expected; 0: none does.
 * Throws    invalid-option: a method that follows no gradient of labels
 */
export function privacyOf(
  options: PrivacyOptions,
  method: Method,
  counts: ExampleCounts,
  expectedHeld: number,
): LessonPrivacy {
  if (!PRIVATE_METHODS.includes(method.name)) {
    throw new LimbeckError(
      'invalid-option',
      `"privacy" cannot hide examples from "${method.name}"; it works with ${PRIVATE_METHODS.join(', ')}.`,
    );
  }
  const { clipNorm, noiseSeed } = PRIVACY.read(options);
  const { delta, ...made } = spendOf(options, counts);
  const { noiseMultiplier, sampleFraction } = made;
  const expected = learnedOf(counts);
  const { epsilon } = noiseMultiplier > 0 ? privacySpent({ ...made, delta }) : { epsilon: Number.POSITIVE_INFINITY };
  const guardEpsilon = expectedHeld > 0 ? guardEpsilonFor(made) : undefined;
  return {
    ...made,
    clipNorm,
    noiseSeed: noiseSeed ?? drawKey(),
    expected,
    expectedLot: Math.max(1, sampleFraction * expected),
    expectedHeld,
    guardEpsilon,
    spent: {
      ...made,
      epsilon,
      delta,
      clipNorm,
      ...(guardEpsilon !== undefined && { guardEpsilon }),
      noise: noiseSeed === undefined ? 'fresh' : 'given',
    },
  };
}
