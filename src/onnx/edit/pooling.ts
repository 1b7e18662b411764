import { LimbeckError } from '../../core/errors.ts';
import { checkOneOf } from '../../core/options.ts';

/**
 * How a value becomes one row of features [F] for each example: the mean or the greatest over all places, all values in
 * one row, or, of [B, F], as it is.
 */
export type Pooling = 'mean' | 'max' | 'flatten' | 'none';

/** Where in a value the features lie that are pooled over places: in [B, C, H, W] at axis 1, in [B, T, C] at the end. */
export type ChannelPlace = 'first' | 'last';

/** What is wanted; what is left out follows from the number of axes. */
export interface PoolingOptions {
  readonly pooling?: Pooling;
  readonly channels?: ChannelPlace;
}

/**
 * How a value of so many axes is pooled: by default 'none' for [B, F], else 'mean', with channels last in [B, T, C] and
 * first in all others. `text` is the value in words.
 * Throws    invalid-option · shape-mismatch: this pooling makes no features of it
 */
export function poolingOf(rank: number, options: PoolingOptions, text: string): Required<PoolingOptions> {
  const { pooling = rank === 2 ? 'none' : 'mean', channels = rank === 3 ? 'last' : 'first' } = options;
  checkOneOf(pooling, 'pooling', ['mean', 'max', 'flatten', 'none']);
  checkOneOf(channels, 'channels', ['first', 'last']);
  const isPooled = pooling === 'mean' || pooling === 'max';
  if (rank >= 2 && (pooling !== 'none' || rank === 2) && (!isPooled || rank >= 3)) return { pooling, channels };
  throw new LimbeckError(
    'shape-mismatch',
    `The pooling "${pooling}" does not make features [B, F] of ${text}: "none" takes [B, F], "mean" and "max" take three ` +
      'axes or more, "flatten" takes any of two or more.',
    { details: { rank, pooling } },
  );
}

/** The axes that are neither the batch nor the features. */
export function placeAxes(rank: number, channels: ChannelPlace): number[] {
  const kept = channels === 'first' ? 1 : rank - 1;
  return Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 0 && axis !== kept);
}
