import { quantile } from '../../core/stats.ts';
import type { Measured } from './measured.ts';

/**
 * The figure of each round by which subjects are compared: its lower quartile, which other work on the machine moves less than
 * the median. NaN for a round without a pass.
 */
export function roundsMsOf({ rounds }: Pick<Measured, 'rounds'>): number[] {
  return rounds.map((times) => quantile(times, 0.25));
}
