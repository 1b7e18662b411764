import { count, type OptionsOf, schema } from '../core/schema.ts';
import { augmentExamples } from './augment.ts';
import { type AugmentOptions, checkAugment } from './augmentOptions.ts';
import type { Dataset, LabelledDataset } from './dataset.ts';
import { givesFresh } from './fresh.ts';

const OPTIONS = schema('augmented', {
  /** Default 4. */
  copies: count()(4),
  /** Default 0. */
  seed: count(0)(0),
});

/** How many variations of each example there are. */
export interface AugmentedOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A dataset of varied copies that are the same at every read: example i + size · c is copy c of example i, with its label.
 * The teacher sees what the student sees, once for each copy, and its answers can be cached.
 * Throws    invalid-option · shape-mismatch: what `augment` throws
 * Source    Beyer et al. 2022, "A good teacher is patient and consistent", arXiv:2106.05237, §3.1 (consistent teaching)
 *
 * @example
 * distill({ teacher, student, data: augmented(data, { shift: 2, rotate: 10 }, { copies: 8 }) });
 */
export function augmented<D extends Dataset | LabelledDataset>(
  dataset: D,
  augment: AugmentOptions,
  options: AugmentedOptions = {},
): D {
  const { copies, seed } = OPTIONS.read(options);
  checkAugment(augment, dataset.inputs);
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const own = indices.map((index) => index % dataset.size);
    const { inputs, ...rest } = await dataset.read(own, signal);
    // The index of a copy serves as the index of an example, so each copy varies differently.
    return { ...rest, inputs: augmentExamples(inputs, indices, augment, { seed, epoch: 1 }) };
  };
  return { ...dataset, size: dataset.size * copies, read: givesFresh(read, dataset) };
}
