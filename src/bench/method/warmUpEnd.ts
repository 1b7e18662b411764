import { median } from '../../core/stats.ts';

/** What one more segment has to explain, in units of the noise's variance times log n: as BIC, and half as much again. */
const PENALTY = 3;
/** A single time counts as at most so many standard deviations away. */
const CLIP = 6;
/** A pass less than this much slower than those that follow is no warm-up. */
const LEAST_CHANGE = 0.02;
/** Makes a median absolute difference of two normal values the standard deviation of one. */
const DIFFERENCE_TO_DEVIATION = 1.4826 / Math.SQRT2;

/**
 * How many of the first times belong to a warm-up: where the last change from slower to faster lies. Log times are split in two
 * where that lowers the sum of squares most; while the gain exceeds the penalty and the first part is the slower one, it is cut off, and the
 * rest is split again.
 * Units     any; only ratios matter
 * Source    at most one change by penalized least squares, as in Killick, Fearnhead, Eckley 2012, "Optimal detection of
 *           changepoints with a linear computational cost", §2, doi:10.1080/01621459.2012.737745
 * Differs   the noise is estimated from differences of neighbours, and times are clipped, because noise of machines has heavy tails
 */
export function warmUpEnd(times: readonly number[]): number {
  const least = Math.min(...times.filter((time) => time > 0));
  let logs = times.map((time) => Math.log(Math.max(time, least)));
  let end = 0;
  while (logs.length >= 3) {
    const cut = changeOf(logs);
    if (cut === 0) break;
    end += cut;
    logs = logs.slice(cut);
  }
  return end;
}

/** Where `values` fall from a higher level to a lower one; 0 if they do not. */
function changeOf(values: readonly number[]): number {
  const count = values.length;
  const later = values.slice(count >> 1);
  const steps = later.slice(1).map((value, i) => Math.abs(value - (later[i] as number)));
  const deviation = Math.max(LEAST_CHANGE / 4, steps.length < 2 ? 0 : DIFFERENCE_TO_DEVIATION * median(steps));
  const centre = median(later);
  const clipped = values.map((value) => Math.max(-CLIP, Math.min(CLIP, (value - centre) / deviation)));
  const sum = clipped.reduce((total, value) => total + value, 0);
  let best = 0;
  let bestGain = PENALTY * Math.log(count);
  let before = 0;
  for (let cut = 1; cut < count; cut++) {
    before += clipped[cut - 1] as number;
    const [left, right] = [before / cut, (sum - before) / (count - cut)];
    const gain = ((cut * (count - cut)) / count) * (left - right) ** 2;
    if (gain > bestGain && (left - right) * deviation > LEAST_CHANGE) {
      best = cut;
      bestGain = gain;
    }
  }
  return best;
}
