import { evenly, quantile } from '../../core/stats.ts';

/** How values change from the first to the last. */
export interface Trend {
  /** Of logarithms: by which factor, less one. */
  readonly change: number;
  /** Whether it is more than chance. */
  readonly isSure: boolean;
}

/** Values that are looked at; pairs of them are compared. */
const MOST = 80;
const LEAST = 10;
/** Chance alone reaches it once in a thousand times. */
const SURE = 3.3;

/**
 * The trend of logarithms: the median of the slopes between any two values, and whether later values are larger, or smaller, more often than by chance.
 * Source    Sen 1968, "Estimates of the regression coefficient based on Kendall's tau"; Mann 1945, "Nonparametric tests
 *           against trend"
 */
export function trendOf(logs: readonly number[]): Trend {
  const values = evenly(logs, MOST);
  const count = values.length;
  if (count < LEAST) return { change: 0, isSure: false };
  const slopes: number[] = [];
  let rises = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const rise = (values[j] as number) - (values[i] as number);
      slopes.push(rise / (j - i));
      rises += Math.sign(rise);
    }
  }
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  return { change: Math.exp(quantile(slopes, 0.5) * (count - 1)) - 1, isSure: Math.abs(rises) > SURE * deviation };
}
