import { type AugmentOptions, augmentExamples } from '../data/augment.ts';
import type { NearBatch } from './near.ts';

export interface VariedOptions {
  readonly augment?: AugmentOptions;
  /** Number of examples in an epoch. */
  readonly size: number;
  readonly seed: number;
}

/**
 * Varies what the student sees. Called with the indices of each batch in the order of the loop: from how many there were
 * it knows the epoch. What the teacher is asked about, or has answered, is the example as it was.
 */
export function openVaried({ augment, size, seed }: VariedOptions) {
  let seen = 0;
  return (indices: Int32Array): ((batch: NearBatch) => NearBatch) => {
    const epoch = 1 + Math.floor(seen / size);
    seen += indices.length;
    if (augment === undefined) return (batch) => batch;
    return (batch) => ({ ...batch, inputs: augmentExamples(batch.inputs, indices, augment, { seed, epoch }) });
  };
}
