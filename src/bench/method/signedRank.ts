import { normalQuantile } from '../../core/stats.ts';

/** Up to here the distribution of the statistic is counted; beyond, the normal one is as good. */
const MOST_EXACT = 40;

/**
 * Low end of the interval, estimate and high end of the centre that the values lie symmetrically about: the Hodges–Lehmann
 * estimate and the interval of Wilcoxon's signed-rank test. undefined if there are too few values for the confidence.
 * Source    Hollander, Wolfe, Chicken 2014, "Nonparametric Statistical Methods", §3.2–3.3
 */
export function signedRankInterval(
  values: readonly number[],
  confidence: number,
): readonly [low: number, estimate: number, high: number] | undefined {
  const count = values.length;
  const tail = (1 - confidence) / 2;
  const outside = count <= MOST_EXACT ? exactRank(count, tail) : normalRank(count, tail);
  if (outside < 1) return undefined;
  const averages = new Float64Array((count * (count + 1)) / 2);
  let next = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i; j < count; j++) averages[next++] = ((values[i] as number) + (values[j] as number)) / 2;
  }
  averages.sort();
  const last = averages.length - 1;
  const middle = ((averages[last >> 1] as number) + (averages[(last + 1) >> 1] as number)) / 2;
  return [averages[outside - 1] as number, middle, averages[last - outside + 1] as number];
}

/** The largest k for which P(statistic < k) ≤ tail; 0 if there is none. */
function exactRank(count: number, tail: number): number {
  let ways = Float64Array.of(1);
  for (let rank = 1; rank <= count; rank++) {
    const more = new Float64Array(ways.length + rank);
    more.set(ways);
    ways.forEach((each, sum) => {
      more[sum + rank] = (more[sum + rank] as number) + each;
    });
    ways = more;
  }
  const all = 2 ** count;
  let below = 0;
  for (let k = 0; k < ways.length; k++) {
    below += (ways[k] as number) / all;
    if (below > tail) return k;
  }
  return 0;
}

function normalRank(count: number, tail: number): number {
  const mean = (count * (count + 1)) / 4;
  const deviation = Math.sqrt((count * (count + 1) * (2 * count + 1)) / 24);
  return Math.max(0, Math.floor(mean + normalQuantile(tail) * deviation));
}
