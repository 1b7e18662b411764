import { LimbeckError } from '../../../core/errors.ts';
import { count, notNegative, type OptionsOf, schema, text } from '../../../core/schema.ts';
import type { Dataset } from '../../../data/dataset.ts';

const OPTIONS = schema(
  'keepBest',
  {
    /**
     * The metric on the holdout that decides, by its name. Default: the first that there is of accuracy, agreement, rootMeanSquaredError,
     * cosineSimilarity and perplexity.
     */
    by: text(),
    /** Epochs without a gain after which the run ends. Default: it takes all its epochs. */
    patience: count()(),
    /** A smaller difference is no gain. Default 0. */
    leastGain: notNegative(0),
  },
  'keepBest.',
);

/** Which epoch's student a run gives, and when it ends early. */
export interface KeepBestOptions extends OptionsOf<typeof OPTIONS> {}

export interface KeepBestOption {
  /**
   * Whether the student is that of its best epoch on the holdout, not of the last; true takes the defaults. With `patience` the run ends
   * where nothing improves any more. Needs a `holdout`, which then has a part in the choice: score on other examples. Default: the last epoch's.
   */
  readonly keepBest?: boolean | KeepBestOptions;
}

/** What the report says of it. */
export interface KeepBestReported {
  /** The epoch whose student was kept, and its metric. */
  readonly best?: { readonly epoch: number; readonly metric: string; readonly value: number };
}

/** What the page, which knows the metrics, says of an epoch's student. */
export interface Verdict {
  readonly isBest: boolean;
  /** The run has waited long enough. */
  readonly isEnough: boolean;
}

export const readKeepBest = (given: boolean | KeepBestOptions) => OPTIONS.read(typeof given === 'boolean' ? {} : given);

/** Throws    invalid-option: an option is wrong · there is no holdout to judge by */
export function checkKeepBest(
  given: boolean | KeepBestOptions,
  { holdout }: { readonly holdout?: Dataset | undefined },
): void {
  readKeepBest(given);
  if (given === false || holdout !== undefined) return;
  throw new LimbeckError(
    'invalid-option',
    '"keepBest" chooses by examples that the student does not learn: give a "holdout", such as one part of split(data, 0.9, 1).',
  );
}
