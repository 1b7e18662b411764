import { studentQuantile } from '../../core/stats.ts';
import { levelOf, standardError } from './level.ts';

/** How two subjects compare. */
export interface Comparison {
  /** How many times as long as `b` `a` takes. */
  readonly ratio: number;
  /** In which the ratio lies, with the confidence asked for. */
  readonly interval: readonly [low: number, high: number];
  /** Of `a`: faster or slower by more than the smallest difference that counts; equal if it surely differs by less. */
  readonly verdict: 'faster' | 'slower' | 'equal' | 'unsure';
}

/** How sure a comparison must be. */
export interface CompareSettings {
  /**
   * Smallest difference that counts, as a fraction. Two copies of the same code differ a little, because they lie elsewhere in
   * memory. Default 0.01.
   */
  readonly leastDifference?: number;
  /** Default 0.99. */
  readonly confidence?: number;
}

/**
 * Rounds are compared where the machine disturbed them least: what else runs there makes a pass slower, never faster. Fewer rounds than
 * these are all taken.
 */
const QUICK_FRACTION = 0.25;
const LEAST_TO_CHOOSE = 16;
/** What a round typically takes; it may not say the opposite. */
const TYPICAL = [0.1, 0.9] as const;
const LEAST_ROUNDS = 3;

/**
 * The one rule for "faster", for subjects whose round i was measured at the same time. Compares the means of the logarithms of the
 * quickest quarter of the rounds, by a t-interval whose standard error takes account of rounds measured together and of
 * neighbours that are alike. `a` is slower if the whole interval of the ratio lies above 1 + `leastDifference`, faster if it
 * lies below the inverse, equal if it lies between. If typical rounds surely say the opposite, or the rounds are too few, the
 * verdict is unsure.
 * Units     milliseconds of each round, `roundsMs` of a row; NaN for a round without a pass
 */
export function compareRounds(
  a: readonly number[],
  b: readonly number[],
  { leastDifference = 0.01, confidence = 0.99 }: CompareSettings = {},
): Comparison {
  const isKnown = (ms: number | null | undefined) => typeof ms === 'number' && ms > 0 && ms < Number.POSITIVE_INFINITY;
  const shared = a.flatMap((ms, round) => (isKnown(ms) && isKnown(b[round]) ? [round] : []));
  const [logsA, logsB] = [a, b].map((all) => shared.map((round) => Math.log(all[round] as number))) as [
    number[],
    number[],
  ];
  const between = (from: number, to: number) => {
    const [levelA, levelB] = [levelOf(logsA, from, to), levelOf(logsB, from, to)];
    const difference = levelA.mean - levelB.mean;
    const pulls = levelA.pulls.map((pull, at) => pull - (levelB.pulls[at] as number));
    const reach =
      shared.length < LEAST_ROUNDS
        ? Number.POSITIVE_INFINITY
        : standardError(pulls) * studentQuantile(confidence, levelA.count - 1);
    return { ratio: Math.exp(difference), low: Math.exp(difference - reach), high: Math.exp(difference + reach) };
  };
  const quick = between(0, shared.length < LEAST_TO_CHOOSE ? 1 : QUICK_FRACTION);
  const typical = between(...TYPICAL);
  const most = 1 + leastDifference;
  const verdict =
    quick.low > most
      ? 'slower'
      : quick.high < 1 / most
        ? 'faster'
        : quick.low > 1 / most && quick.high < most
          ? 'equal'
          : 'unsure';
  const isDenied =
    verdict === 'slower' ? typical.high < 1 : verdict === 'faster' ? typical.low > 1 : isFar(typical, most);
  return { ratio: quick.ratio, interval: [quick.low, quick.high], verdict: isDenied ? 'unsure' : verdict };
}

const isFar = ({ low, high }: { low: number; high: number }, most: number) => low > most || high < 1 / most;
