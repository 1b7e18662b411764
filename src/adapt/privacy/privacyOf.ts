import { LimbeckError } from '../../core/errors.ts';
import { drawKey } from '../../core/secretKey.ts';
import type { LessonPrivacy, Method } from '../method.ts';
import { noiseFor, privacySpent } from './accountant.ts';
import type { PrivateSpend } from './composed.ts';
import { guardEpsilonFor } from './drawnStrength.ts';
import { PRIVACY, type PrivacyOptions } from './privacyOptions.ts';

const EXPECTED_LOT = 32;
/** Methods whose steps go through the private optimizer. */
const PRIVATE_METHODS = ['headOnly', 'biasOnly', 'lora', 'full'];

/** How many examples there are, which is all that may be known about them. */
export interface ExampleCounts {
  readonly own: number;
  /** Which part of the person's own is held out; 0 where a holdout is given, or none judges. */
  readonly heldFraction: number;
  readonly replayed: number;
}

/** How many are expected to be learned from. */
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
 * `expectedHeld`: how many examples are expected to judge; 0: none.
 * Throws    invalid-option: a method that does not learn by gradients of labels
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
