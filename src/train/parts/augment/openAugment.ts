import { augmentExamples } from '../../../data/augment.ts';
import type { OpenPart } from '../part.ts';

/**
 * Varies what the student sees, anew in each epoch. What the teacher is asked about, or has answered, is the example as it
 * was.
 */
export const openAugment: OpenPart = ({ job: { augment, seed }, source }) =>
  augment &&
  source && {
    read: (batch, { indices, epoch }) => ({
      ...batch,
      asTheyAre: batch.inputs,
      inputs: augmentExamples(batch.inputs, indices, augment, { seed, epoch }),
    }),
  };
