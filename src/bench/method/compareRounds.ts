import { median } from '../../core/stats.ts';
import { signedRankInterval } from './signedRank.ts';

/** How two subjects compare. */
export interface Comparison {
  /** How many times as long as `b` `a` takes. */
  readonly ratio: number;
  /** In which the ratio lies, with the confidence asked for. */
  readonly interval: readonly [low: number, high: number];
  /**
   * Of `a`: faster or slower by more than the smallest difference that counts; equal if it surely differs by less. NaN and unsure
   * where there are too few rounds.
   */
  readonly verdict: 'faster' | 'slower' | 'equal' | 'unsure';
}

/** How sure a comparison must be. */
export interface CompareSettings {
  /** Smallest difference that counts, as a fraction. Default 0.02: two copies of the same code differ by as much. */
  readonly leastDifference?: number;
  /** Default 0.99. */
  readonly confidence?: number;
}

/**
 * The one rule for "faster". Both are medians of rounds in milliseconds (`roundsMs` of a row); round i of both was measured
 * at the same time, and a round that only one has does not count. The interval of the ratio is that of the signed-rank test on the
 * log ratios of the rounds.
 */
export function compareRounds(
  a: readonly number[],
  b: readonly number[],
  { leastDifference = 0.02, confidence = 0.99 }: CompareSettings = {},
): Comparison {
  const logs = a.map((ms, round) => Math.log(ms / (b[round] ?? Number.NaN))).filter(Number.isFinite);
  const interval = signedRankInterval(logs, confidence);
  if (interval === undefined) {
    return {
      ratio: logs.length === 0 ? Number.NaN : Math.exp(median(logs)),
      interval: [0, Number.POSITIVE_INFINITY],
      verdict: 'unsure',
    };
  }
  const [low, ratio, high] = interval.map(Math.exp) as [number, number, number];
  const most = 1 + leastDifference;
  const verdict =
    high < 1 / most ? 'faster' : low > most ? 'slower' : low > 1 / most && high < most ? 'equal' : 'unsure';
  return { ratio, interval: [low, high], verdict };
}
