import type { Combine } from '../combine.ts';
import { middleMean } from './trimmedMean.ts';

/**
 * Median of each coordinate; of an even number, the mean of the two in the middle. It holds as long as fewer than half of
 * the clients are poisoned. Weights do not count: a client could claim any.
 * Shapes    parts of the same names and shapes → one of them
 * Units     those of the parts
 * Throws    nothing
 * Source    Yin et al. 2018, "Byzantine-Robust Distributed Learning", definition 1, arXiv:1803.01498
 */
export function median(): Combine {
  return {
    name: 'median',
    combine: (parts) => ({ values: middleMean(parts, Math.ceil(parts.length / 2) - 1), rejected: [] }),
  };
}
