import type { AugmentOptions } from '../../../data/augmentOptions.ts';

export interface AugmentOption {
  /**
   * How what the student sees is varied, anew in each epoch; the seed decides. The teacher's answers are those for the
   * example as it is; neither the holdout is varied, nor what batch normalization's statistics are estimated from. Where
   * the teacher is to see the same, make the variations beforehand, with `augmented(data, …)`.
   */
  readonly augment?: AugmentOptions;
}
