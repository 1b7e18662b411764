import { studentQuantile } from '../../core/stats.ts';
import { type Level, levelOf, standardError } from './level.ts';

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
  /** Whether round i of both was measured at the same time. Default true; false for those of two reports. */
  readonly arePaired?: boolean;
  /**
   * Smallest difference that counts, as a fraction. Two copies of the same code differ a little, because they lie elsewhere in memory, and a
   * machine is not the same an hour later. Default 0.01, and 0.05 for those that are not paired.
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
 * The one rule for "faster". Compares the means of the logarithms of the quickest quarter of the rounds, by a t-interval whose
 * standard error takes account of rounds measured together and of neighbours that are alike. `a` is slower if the whole interval of the ratio lies
 * above 1 + `leastDifference`, faster if it lies below the inverse, equal if it lies between. If typical rounds surely say the
 * opposite, or the rounds are too few, the verdict is unsure.
 * Units     milliseconds of each round, `roundsMs` of a row; NaN for a round without a pass
 */
export function compareRounds(
  a: readonly number[],
  b: readonly number[],
  { arePaired = true, leastDifference = arePaired ? 0.01 : 0.05, confidence = 0.99 }: CompareSettings = {},
): Comparison {
  const isKnown = (ms: number | null | undefined) => typeof ms === 'number' && ms > 0 && ms < Number.POSITIVE_INFINITY;
  const logsA = a.filter((ms, round) => isKnown(ms) && (!arePaired || isKnown(b[round]))).map(Math.log);
  const logsB = b.filter((ms, round) => isKnown(ms) && (!arePaired || isKnown(a[round]))).map(Math.log);
  const count = Math.min(logsA.length, logsB.length);
  const between = (from: number, to: number) => {
    const [levelA, levelB] = [levelOf(logsA, from, to), levelOf(logsB, from, to)];
    const reach =
      count < LEAST_ROUNDS
        ? Number.POSITIVE_INFINITY
        : errorOf(levelA, levelB, arePaired) * studentQuantile(confidence, Math.min(levelA.count, levelB.count) - 1);
    const difference = levelA.mean - levelB.mean;
    return { ratio: Math.exp(difference), low: Math.exp(difference - reach), high: Math.exp(difference + reach) };
  };
  const quick = between(0, count < LEAST_TO_CHOOSE ? 1 : QUICK_FRACTION);
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

function errorOf(a: Level, b: Level, arePaired: boolean): number {
  if (!arePaired) return Math.hypot(standardError(a.pulls), standardError(b.pulls));
  return standardError(a.pulls.map((pull, round) => pull - (b.pulls[round] as number)));
}
