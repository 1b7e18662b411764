import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Metric } from '../metric.ts';
import { pointErrors, REFERENCE, referenceName } from '../pointErrors.ts';

const OPTIONS = schema('correctPoints', {
  ...REFERENCE.fields,
  /** How far a correct point may be off, as a fraction of the length; above 0. Default 0.05. */
  within: positive(0.05),
});

/** How far off a correct point may be, and of which length that is a fraction. */
export interface CorrectPointsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Correct points (PCK, percentage of correct keypoints): the fraction of points that are no farther from where the teacher, or
 * the truth, has them than a twentieth of the diagonal of the box around that example's points.
 * Shapes    student [N, P, 2], teacher [N, P, 2] → fraction
 * Units     0…1; higher is better
 * Numerics  NaN if a number is NaN
 * Throws    nothing
 * Source    Yang, Ramanan 2013, Articulated Human Detection with Flexible Mixtures of Parts, IEEE TPAMI 35(12), §6.2
 * Differs   the diagonal of the box, where they take its longer side
 */
export const correctPoints: Metric = correctPointsOf();

/**
 * The same for another distance, `within` a fraction of the diagonal, or of the distance `between` two of the points. Give it as
 * one of `metrics`.
 * Shapes    student [N, P, 2], teacher [N, P, 2] → fraction
 * Units     0…1; higher is better
 * Throws    invalid-option
 * Source    as `correctPoints`
 */
export function correctPointsOf(options: CorrectPointsOptions = {}): Metric {
  const { within, between } = OPTIONS.read(options);
  return {
    name: `correctPoints@${within}${referenceName(between)}`,
    measures: 'points',
    reads: { teacher: true, labels: false },
    compute(inputs) {
      const errors = pointErrors(inputs, between);
      if (errors.some(Number.isNaN)) return Number.NaN;
      return errors.filter((error) => error <= within).length / errors.length;
    },
  };
}
