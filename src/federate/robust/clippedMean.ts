import { invalidOption } from '../../core/options.ts';
import { median } from '../../core/stats.ts';
import { type Combine, meanOf, normOf, sortOut, type UpdateLimits } from '../combine.ts';

export interface ClippedMeanOptions extends UpdateLimits {
  /** Longer updates are shortened to this Euclidean norm. Default: the median of the updates' norms. */
  readonly clipNorm?: number;
}

/**
 * Weighted mean of updates that are shortened to a norm, so that no client counts for more by scaling its update. Against
 * updates of ordinary length, such as flipped signs, it helps little.
 * Shapes    updates of length F → F
 * Units     those of the updates
 * Throws    invalid-option: `clipNorm` is no number above 0 · a limit out of its range
 * Source    Sun et al. 2019, "Can You Really Backdoor Federated Learning?", §4, arXiv:1911.07963 (norm thresholding)
 * Differs   the threshold may be the median of the norms of the round
 */
export const clippedMean: Combine<ClippedMeanOptions> = (updates, { clipNorm: most, ...limits }) => {
  if (most !== undefined && !(most > 0)) throw invalidOption('clipNorm', most, 'a number above 0');
  const { accepted, rejected } = sortOut(updates, limits);
  const limit = most ?? median(accepted.map(({ values }) => normOf(values)));
  const clipped = accepted.map((update) => ({ ...update, values: clipNorm(update.values, limit) }));
  return { values: meanOf(clipped, limits.length), rejected };
};

/** A vector, or a shortened copy of it, whose Euclidean norm is at most `most`. */
export function clipNorm(values: Float32Array, most: number): Float32Array {
  const norm = normOf(values);
  if (!(norm > most)) return values;
  const clipped = values.map((value) => value * (most / norm));
  // Each value was rounded, perhaps up.
  const still = normOf(clipped);
  return still > most ? clipped.map((value) => value * (most / still) * (1 - 2 ** -23)) : clipped;
}
