import { type Combine, meanOf, sortOut } from '../combine.ts';

/**
 * Mean of the updates, weighted by their weights: Σ wᵢ·xᵢ / Σ wᵢ. One poisoned update can move it anywhere; see `median`,
 * `trimmedMean`, `multiKrum`, `clippedMean`.
 * Shapes    updates of length F → F
 * Units     those of the updates
 * Throws    invalid-option: a limit out of its range
 * Source    McMahan et al. 2017, "Communication-Efficient Learning of Deep Networks from Decentralized Data", algorithm 1
 */
export const weightedMean: Combine = (updates, options) => {
  const { accepted, rejected } = sortOut(updates, options);
  return { values: meanOf(accepted, options.length), rejected };
};
