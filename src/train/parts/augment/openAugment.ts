import { augmentExamples } from '../../../data/augment.ts';
import type { OpenPart } from '../part.ts';

/**
 * Varies the student's examples, differently in each epoch. The teacher is asked about the original examples.
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
