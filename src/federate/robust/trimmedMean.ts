import { invalidOption } from '../../core/options.ts';
import { type ClientUpdate, type Combine, sortOut, type UpdateLimits } from '../combine.ts';

export interface TrimmedMeanOptions extends UpdateLimits {
  /** The fraction of values that is left out at each end of every coordinate, from 0 to below 0.5. Default 0.2. */
  readonly trim?: number;
}

/**
 * Mean of each coordinate without its smallest and largest values. It holds as long as a smaller fraction of the clients
 * than `trim` is poisoned. Weights do not count: a client could claim any.
 * Shapes    updates of length F → F
 * Units     those of the updates
 * Throws    invalid-option: `trim` is not from 0 to below 0.5 · a limit out of its range
 * Source    Yin et al. 2018, "Byzantine-Robust Distributed Learning", definition 2, arXiv:1803.01498
 * Differs   the number of values left out is rounded up
 */
export const trimmedMean: Combine<TrimmedMeanOptions> = (updates, { trim = 0.2, ...limits }) => {
  if (!(trim >= 0 && trim < 0.5)) throw invalidOption('trim', trim, 'a fraction from 0 to below 0.5');
  const { accepted, rejected } = sortOut(updates, limits);
  // Of one or two updates none may go.
  const left = Math.min(Math.ceil(trim * accepted.length), Math.floor((accepted.length - 1) / 2));
  return { values: middleMean(accepted, limits.length, Math.max(0, left)), rejected };
};

/** Mean of each coordinate without the `left` smallest and the `left` largest values; zeros for no updates. */
export function middleMean(
  updates: readonly ClientUpdate[],
  length: number,
  left: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(length);
  if (updates.length === 0) return out;
  const column = new Float32Array(updates.length);
  const kept = updates.length - 2 * left;
  for (let i = 0; i < length; i++) {
    for (let u = 0; u < updates.length; u++) column[u] = (updates[u] as ClientUpdate).values[i] as number;
    column.sort();
    let sum = 0;
    for (let u = left; u < left + kept; u++) sum += column[u] as number;
    out[i] = sum / kept;
  }
  return out;
}
