import { mean, quantile } from '../../core/stats.ts';

/** The mean of a part of the sorted values. */
export interface Level {
  readonly mean: number;
  /** What each value, in the given order, contributes to the mean's deviation from the true one, apart from a constant. */
  readonly pulls: readonly number[];
  /** How many values the mean has. */
  readonly count: number;
}

/**
 * The mean of the values between two quantiles. Values outside pull at it as much as the nearest one inside, which is how much they would
 * move it.
 * Source    Huber, Ronchetti 2009, "Robust Statistics", §3.3: the influence function of a trimmed mean
 */
export function levelOf(values: readonly number[], from: number, to: number): Level {
  const sorted = [...values].sort((x, y) => x - y);
  const inside = sorted.slice(Math.floor(from * sorted.length), Math.ceil(to * sorted.length));
  const [low, high] = [quantile(sorted, from), quantile(sorted, to)];
  const pulls = values.map((value) => Math.min(high, Math.max(low, value)) / (to - from));
  return { mean: mean(inside), pulls, count: inside.length };
}

/**
 * Standard error of the mean of values, neighbours of which may be alike, as they are on a machine with other work.
 * Source    Newey, West 1987, "A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent covariance
 *           matrix"
 * Differs   never less than for independent values: rounds that seem to balance each other are chance
 */
export function standardError(values: readonly number[]): number {
  const count = values.length;
  const centre = mean(values);
  const off = values.map((value) => value - centre);
  const products = (lag: number) => off.slice(lag).reduce((sum, value, i) => sum + value * (off[i] as number), 0);
  const variance = products(0);
  const lags = Math.ceil(Math.cbrt(count));
  let withLags = variance;
  for (let lag = 1; lag <= lags; lag++) withLags += 2 * (1 - lag / (lags + 1)) * products(lag);
  return Math.sqrt(Math.max(variance, withLags) / count / (count - 1));
}
