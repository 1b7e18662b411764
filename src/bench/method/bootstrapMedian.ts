import { seededRandom } from '../../core/random.ts';
import { evenly, median, quantile } from '../../core/stats.ts';

const RESAMPLES = 1000;
/** Passes of a round that are drawn from; more say nothing more about the median. */
const OF_A_ROUND = 40;
const LEAST_ROUNDS = 3;

/**
 * The interval of the median of all passes, by bootstrap over blocks of neighbouring rounds: passes of a round are
 * alike, and so are rounds next to each other. It holds the median of what was measured; of one or two rounds it is all that was
 * measured. [NaN, NaN] without a pass.
 * Source    Efron, Tibshirani 1993, "An Introduction to the Bootstrap", §13.3 (percentiles) and §8.6 (moving blocks);
 *           Politis, Romano 1992 (blocks on a circle)
 */
export function bootstrapMedian(
  rounds: readonly (readonly number[])[],
  confidence: number,
  seed: number,
): readonly [low: number, high: number] {
  const taken = rounds.filter((times) => times.length > 0);
  const count = taken.length;
  const all = taken.flat().sort((x, y) => x - y);
  // Of a round or two nothing is known of how rounds differ.
  if (count < LEAST_ROUNDS) return [all[0] ?? Number.NaN, all.at(-1) ?? Number.NaN];
  const passes = taken.flatMap((times, round) => {
    const some = evenly(
      [...times].sort((x, y) => x - y),
      OF_A_ROUND,
    );
    // A long round weighs as much as its passes.
    return some.map((ms) => ({ ms, round, weight: times.length / some.length }));
  });
  passes.sort((x, y) => x.ms - y.ms);
  const random = seededRandom(seed);
  const block = Math.ceil(count ** (1 / 3));
  const medians = Array.from({ length: RESAMPLES }, () => {
    const drawn = new Uint32Array(count);
    for (let filled = 0; filled < count; ) {
      const from = Math.floor(random() * count);
      for (let i = 0; i < block && filled < count; i++, filled++) {
        const at = (from + i) % count;
        drawn[at] = (drawn[at] as number) + 1;
      }
    }
    let half = passes.reduce((total, { round, weight }) => total + weight * (drawn[round] as number), 0) / 2;
    for (const { ms, round, weight } of passes) {
      half -= weight * (drawn[round] as number);
      if (half <= 0) return ms;
    }
    return passes.at(-1)?.ms as number;
  });
  const tail = (1 - confidence) / 2;
  // The median of an even number lies between two passes, of which a resample takes one.
  const middle = median(all);
  return [Math.min(middle, quantile(medians, tail)), Math.max(middle, quantile(medians, 1 - tail))];
}
