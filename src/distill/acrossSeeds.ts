import { LimbeckError } from '../core/errors.ts';
import { percent } from '../core/figures.ts';
import { mean, standardDeviation } from '../core/stats.ts';
import { type ControlReport, MOST_CHANCE } from './controlReport.ts';

/** What a teacher gains over several seeds, each with its own control. */
export interface SeedsReport {
  readonly seeds: number;
  /** Mean of the gains in accuracy, and their sample standard deviation. */
  readonly accuracyGain: number;
  readonly accuracyGainStdDev: number;
  /** The probability of a mean gain at least this far from 0 if there is none, by the paired t-test over seeds. */
  readonly pValue: number;
  readonly isBeyondChance: boolean;
  /** All this in a plain sentence. */
  readonly verdict: string;
}

/**
 * Combines the control reports of runs that differ only in their seed. A teacher that costs each of three seeds a point
 * does so by more than chance, even if no single run can show it.
 * Units     fractions of 1
 * Throws    invalid-option: fewer than two reports, or one without a gain
 * Source    Student 1908; the distribution for whole degrees of freedom: Abramowitz & Stegun, 26.7.3 and 26.7.4
 *
 * @example
 * const reports: ControlReport[] = [];
 * for (const seed of [1, 2, 3]) {
 *   const { report } = await distill({ ...options, student: cnn(), seed, control: true }).done;
 *   if (report.control) reports.push(report.control);
 * }
 * console.log(acrossSeeds(reports).verdict);
 */
export function acrossSeeds(reports: readonly ControlReport[]): SeedsReport {
  const gains = reports.flatMap(({ accuracyGain }) => accuracyGain ?? []);
  if (gains.length !== reports.length || gains.length < 2) {
    throw new LimbeckError(
      'invalid-option',
      `acrossSeeds was given ${reports.length} reports, ${gains.length} of them with a gain in accuracy; it needs two or more, ` +
        'each with one: distill({ …, seed, control: true }) with a labelled holdout.',
      { details: { reports: reports.length, gains: gains.length } },
    );
  }
  const [gain, deviation] = [mean(gains), standardDeviation(gains)];
  // Gains that happen to agree are no more certain than what one held-out example can show.
  const error = Math.max(deviation, stepOf(reports) / 2) / Math.sqrt(gains.length);
  const pValue = gain === 0 ? 1 : tTest(gain / error, gains.length - 1);
  const isBeyondChance = pValue < MOST_CHANCE;
  const helped = !isBeyondChance ? 'Whether the teacher helps is not shown' : gain > 0 ? 'It helps' : 'It does harm';
  return {
    seeds: gains.length,
    accuracyGain: gain,
    accuracyGainStdDev: deviation,
    pValue,
    isBeyondChance,
    verdict: `${helped}: over ${gains.length} seeds the gain in accuracy is ${percent(gain)} ± ${percent(deviation)}.`,
  };
}

/** What one held-out example contributes to an accuracy; 0 if that is unknown. */
function stepOf(reports: readonly ControlReport[]): number {
  const steps = reports.map(({ accuracyGain = 0, pairs }) =>
    pairs === undefined || accuracyGain === 0 ? 0 : accuracyGain / (pairs.onlyStudent - pairs.onlyControl),
  );
  return Math.max(...steps);
}

/** The two-sided probability of a t this far from 0. */
function tTest(t: number, degrees: number): number {
  const angle = Math.atan(Math.abs(t) / Math.sqrt(degrees));
  const cos = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cos : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < degrees; k += 2) {
    term *= ((k - 1) / k) * cos * cos;
    sum += term;
  }
  const within = Math.sin(angle) * sum;
  return Math.max(0, 1 - (isOdd ? (2 / Math.PI) * (angle + within) : within));
}
