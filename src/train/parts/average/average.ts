import { LimbeckError } from '../../../core/errors.ts';
import { fraction, type OptionsOf, oneOf, schema } from '../../../core/schema.ts';

const OPTIONS = schema(
  'average',
  {
    /** 'exponential': a moving average over all steps (EMA). 'equal': the mean of all steps from `start` on (SWA). Default 'exponential'. */
    kind: oneOf('exponential', 'equal')('exponential'),
    /** 'exponential' only: how much of the average stays at each step, below 1; less in the first steps. Default 0.999. */
    decay: fraction(0.999),
    /** 'equal' only: from which fraction of the run on. Default 0.75. */
    start: fraction(0.75),
  },
  'average.',
);

/**
 * The student gets the average of its weights over the steps instead of the last ones: steadier, and often better.
 * Source    Polyak, Juditsky 1992; Izmailov et al. 2018, "Averaging weights leads to wider optima" (SWA), arXiv:1803.05407
 */
export interface AverageOptions extends OptionsOf<typeof OPTIONS> {}

export interface AverageOption {
  /**
   * Whether the student gets the average of its weights over the steps; true takes the defaults. Batch normalization's statistics
   * are estimated for the average. Metrics of epochs before the last are those of the weights as they are then, and so is a student that is
   * stopped before it, by `keepBest` too. Default: its last weights.
   */
  readonly average?: boolean | AverageOptions;
}

export const readAverage = (given: boolean | AverageOptions) => OPTIONS.read(typeof given === 'boolean' ? {} : given);

/** Throws    invalid-option */
export function checkAverage(given: boolean | AverageOptions): void {
  const { decay } = readAverage(given);
  if (decay < 1) return;
  throw new LimbeckError('invalid-option', '"average.decay" was 1, so the average would never move; give less.');
}
