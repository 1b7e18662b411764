import { LimbeckError } from '../../../core/errors.ts';
import { checkNotNegative, checkPositive } from '../../../core/options.ts';
import {
  count,
  flag,
  given,
  notNegative,
  type OptionsOf,
  oneOf,
  positive,
  type Read,
  schema,
} from '../../../core/schema.ts';
import { checkNoiseSeed, type SecretKey } from '../../../core/secretKey.ts';
import type { NamedArrays } from '../../../core/shape.ts';

export interface AdaptationOption {
  /** Which weights learn, and what restrains them. Default: all trainable weights. */
  readonly adaptation?: AdaptationOptions;
}

export interface AdaptationResult {
  /** Set if the job has an `adaptation`. */
  readonly adapted?: AdaptationOutcome;
}

const ADAPTATION = schema('An adaptation', {
  /**
   * 'all' trainable weights; 'biases' only; 'norms': scales and offsets of normalizations; 'low-rank': a product of two small
   * matrices added to each matrix (LoRA); 'nothing': only statistics of batch normalization change. Default 'all'.
   */
  learns: oneOf('all', 'biases', 'norms', 'low-rank', 'nothing')('all'),
  /** Layers that learn, by name. Default: all that have such weights. */
  layers: given<readonly string[]>(),
  /** Rank of the products of 'low-rank'. A matrix no larger than its product learns as a whole. Default 4. */
  rank: count()(4),
  /** The products are scaled by alpha ÷ rank. Default: 2 · rank. */
  alpha: positive(),
  /** Whether biases of these layers learn too. Default false. */
  withBiases: flag(false),
  /**
   * 'kept': batch normalization uses its averages without changing them, and dropout is off, as in inference; 'moving': as in
   * training, re-estimated after the last step; 'mean': as in training, but averages become the mean over the run's batches,
   * in which the former ones count as `priorExamples`. Default 'kept'.
   */
  statistics: oneOf('kept', 'moving', 'mean')('kept'),
  /**
   * With statistics 'mean': how many examples the former averages count as. Default 16.
   * Source    Schneider et al. 2020, §3 (N), arXiv:2006.16971
   */
  priorExamples: notNegative(16),
  /** Pulls weights back to their initial values, each by its importance (EWC). */
  anchor: given<AnchorOptions>(({ strength }) => void checkNotNegative(strength, 'strength')),
  /** Each example's gradient is clipped, and noise is added (DP-SGD). The job's `batchSize` is 1 then. */
  privacy: given<PrivacySteps>(checkPrivacy),
  /** Nothing is learned: the mean square of each example's gradient is measured. The job's `batchSize` is 1 then. */
  measures: oneOf('importance')(),
});

/** Which of a student's weights learn in a run, and what restrains them. Plain values: it crosses to the worker. */
export interface AdaptationOptions extends OptionsOf<typeof ADAPTATION> {}

/** The options with their defaults. */
export type ReadAdaptation = Read<typeof ADAPTATION>;

/**
 * Adds strength/2 · Σ importance · (weight − its first value)² to the loss, through its gradient; losses in events do not
 * include it.
 * Source    Kirkpatrick et al. 2017, eq. 3, arXiv:1612.00796
 */
export interface AnchorOptions {
  readonly strength: number;
  /** By weight name: as long as the weight. */
  readonly importance: NamedArrays;
}

/** How the steps of a private run are made. The job's first example is a blank one, which no step takes. */
export interface PrivacySteps {
  /** Longest gradient of one example, over all that learns. */
  readonly clipNorm: number;
  /** Standard deviation of the noise, in clip norms. */
  readonly noiseMultiplier: number;
  /** How many examples each step takes, one after another. A step without an example only adds noise. */
  readonly lots: readonly number[];
  /** What the sum over a step is divided by: the expected number of examples. */
  readonly expectedLot: number;
  /** Eight 32-bit words that determine the noise; whoever sees the result must not know them. */
  readonly noiseSeed: SecretKey;
}

/** What a run returns besides the weights. */
export interface AdaptationOutcome {
  /** Of each weight that learned by a product, by name: left [R, rank] and right [rank, C], scale included. */
  readonly lowRank?: Readonly<Record<string, LowRankProduct>>;
  readonly importance?: NamedArrays;
}

export interface LowRankProduct {
  readonly rank: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
}

/** Throws    invalid-option */
export function readAdaptation(options: AdaptationOptions): ReadAdaptation {
  const read = ADAPTATION.read(options);
  if (read.privacy === undefined || read.statistics === 'kept') return read;
  throw new LimbeckError(
    'invalid-option',
    'With "privacy" the statistics of batch normalization must be "kept": they would tell of the examples without noise.',
  );
}

function checkPrivacy({ clipNorm, noiseMultiplier, expectedLot, noiseSeed }: PrivacySteps): void {
  checkPositive(clipNorm, 'clipNorm');
  checkNotNegative(noiseMultiplier, 'noiseMultiplier');
  checkPositive(expectedLot, 'expectedLot');
  checkNoiseSeed(noiseSeed);
}
