import { evenly, median, medianDeviation, quantile } from '../../core/stats.ts';
import type { BenchRow } from '../report.ts';
import { bootstrapMedian } from './bootstrapMedian.ts';
import type { Measured } from './measured.ts';
import { roundsMsOf } from './roundsMs.ts';

/** The figures of a row. */
export type Summary = Pick<
  BenchRow,
  | 'medianMs'
  | 'intervalMs'
  | 'p90Ms'
  | 'p99Ms'
  | 'spreadFraction'
  | 'runs'
  | 'warmUps'
  | 'roundsMs'
  | 'sampleMs'
  | 'notices'
>;

/** Counted passes that a row keeps for charts. */
const SAMPLE = 200;

/** What a row says of its counted passes: NaN where there is none. */
export function summarize({ rounds, warmUps, notices }: Measured, seed = 1): Summary {
  const passes = rounds.flat();
  const medianMs = median(passes);
  return {
    medianMs,
    intervalMs: bootstrapMedian(rounds, 0.95, seed),
    p90Ms: quantile(passes, 0.9),
    p99Ms: quantile(passes, 0.99),
    spreadFraction: medianDeviation(passes) / medianMs,
    runs: passes.length,
    warmUps,
    roundsMs: roundsMsOf({ rounds }),
    sampleMs: evenly(passes, SAMPLE),
    notices,
  };
}
