import { type Combine, sortOut } from '../combine.ts';
import { middleMean } from './trimmedMean.ts';

/**
 * Median of each coordinate; of an even number, the mean of the two in the middle. It holds as long as fewer than half of
 * the clients are poisoned. Weights do not count: a client could claim any.
 * Shapes    updates of length F → F
 * Units     those of the updates
 * Throws    invalid-option: a limit out of its range
 * Source    Yin et al. 2018, "Byzantine-Robust Distributed Learning", definition 1, arXiv:1803.01498
 */
export const median: Combine = (updates, options) => {
  const { accepted, rejected } = sortOut(updates, options);
  const left = Math.max(0, Math.ceil(accepted.length / 2) - 1);
  return { values: middleMean(accepted, options.length, left), rejected };
};
