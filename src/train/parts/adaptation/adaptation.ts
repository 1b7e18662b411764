import { LimbeckError } from '../../../core/errors.ts';
import { checkCount, checkKnownOptions, checkNotNegative, checkOneOf, checkPositive } from '../../../core/options.ts';
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

/** Which of a student's weights learn in a run, and what restrains them. Plain values: it crosses to the worker. */
export interface AdaptationOptions {
  /**
   * 'all' trainable weights; 'biases' only; 'norms': scales and offsets of normalizations; 'low-rank': a product of two small
   * matrices added to each matrix (LoRA); 'nothing': only statistics of batch normalization change. Default 'all'.
   */
  readonly learns?: Learns;
  /** Layers that learn, by name. Default: all that have such weights. */
  readonly layers?: readonly string[];
  /** Rank of the products of 'low-rank'. A matrix no larger than its product learns as a whole. Default 4. */
  readonly rank?: number;
  /** The products are scaled by alpha ÷ rank. Default 2 · rank. */
  readonly alpha?: number;
  /** Whether biases of these layers learn too. Default false. */
  readonly withBiases?: boolean;
  /**
   * 'kept': batch normalization uses its averages without changing them, and dropout is off, as in inference; 'moving': as in
   * training, re-estimated after the last step; 'mean': as in training, but averages become the mean over the run's batches,
   * in which the former ones count as `priorExamples`. Default 'kept'.
   */
  readonly statistics?: 'kept' | 'moving' | 'mean';
  /**
   * With statistics 'mean': how many examples the former averages count as. Default 16.
   * Source    Schneider et al. 2020, §3 (N), arXiv:2006.16971
   */
  readonly priorExamples?: number;
  /** Pulls weights back to their initial values, each by its importance (EWC). */
  readonly anchor?: AnchorOptions;
  /** Each example's gradient is clipped, and noise is added (DP-SGD). The job's `batchSize` is 1 then. */
  readonly privacy?: PrivacySteps;
  /** Nothing is learned: the mean square of each example's gradient is measured. The job's `batchSize` is 1 then. */
  readonly measures?: 'importance';
}

export type Learns = 'all' | 'biases' | 'norms' | 'low-rank' | 'nothing';

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

const OPTIONS = [
  ...[
    'learns',
    'layers',
    'rank',
    'alpha',
    'withBiases',
    'statistics',
    'priorExamples',
    'anchor',
    'privacy',
    'measures',
  ],
];

/** Throws    invalid-option */
export function checkAdaptation(options: AdaptationOptions): void {
  checkKnownOptions(options, OPTIONS, 'An adaptation');
  const {
    learns = 'all',
    rank = 4,
    alpha = 1,
    statistics = 'kept',
    priorExamples = 0,
    anchor,
    privacy,
    measures,
  } = options;
  checkOneOf(learns, 'learns', ['all', 'biases', 'norms', 'low-rank', 'nothing']);
  checkCount(rank, 'rank');
  checkPositive(alpha, 'alpha');
  checkOneOf(statistics, 'statistics', ['kept', 'moving', 'mean']);
  checkNotNegative(priorExamples, 'priorExamples');
  if (anchor !== undefined) checkNotNegative(anchor.strength, 'strength');
  if (measures !== undefined) checkOneOf(measures, 'measures', ['importance']);
  if (privacy === undefined) return;
  checkPositive(privacy.clipNorm, 'clipNorm');
  checkNotNegative(privacy.noiseMultiplier, 'noiseMultiplier');
  checkPositive(privacy.expectedLot, 'expectedLot');
  checkNoiseSeed(privacy.noiseSeed);
  if (statistics === 'kept') return;
  throw new LimbeckError(
    'invalid-option',
    'With "privacy" the statistics of batch normalization must be "kept": they would tell of the examples without noise.',
  );
}
