import type { AugmentOptions } from '../../../data/augmentOptions.ts';

export interface AugmentOption {
  /**
   * How the student's examples are varied, differently in each epoch and set by the seed. The teacher answers the original
   * examples. The holdout, and the data from which batch normalization's statistics are estimated, are not varied. If the
   * teacher should see the variations, make them beforehand with `augmented(data, …)`.
   */
  readonly augment?: AugmentOptions;
}
