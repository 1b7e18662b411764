import type { OptionsOf } from '../../core/schema.ts';
import type { Metric } from '../metric.ts';
import { pointErrors, REFERENCE, referenceName } from '../pointErrors.ts';

/**
 * Normalized mean error (NME): the distance of a point from where the teacher, or the truth, has it, mean over all points, as a
 * fraction of the diagonal of the box around that example's points.
 * Shapes    student [N, P, 2], teacher [N, P, 2] → fraction
 * Units     0 or more; lower is better; the size of the picture does not matter
 * Numerics  NaN if a number is NaN
 * Throws    nothing
 * Source    Bulat, Tzimiropoulos 2017, How far are we from solving the 2D & 3D face alignment problem?, §3, arXiv:1703.07332
 * Differs   the diagonal of the box, where they take the root of its area
 */
export const normalizedMeanError: Metric = normalizedMeanErrorOf();

/** What the metric divides by. */
export interface PointErrorOptions extends OptionsOf<typeof REFERENCE> {}

/**
 * The same as a fraction of the distance `between` two of the points, such as the outer corners of the eyes. Give it as one of
 * `metrics`.
 * Shapes    student [N, P, 2], teacher [N, P, 2] → fraction
 * Units     0 or more; lower is better
 * Throws    invalid-option
 * Source    Sagonas et al. 2013, 300 Faces in-the-Wild Challenge, §3: the outer corners of the eyes
 */
export function normalizedMeanErrorOf(options: PointErrorOptions = {}): Metric {
  const { between } = REFERENCE.read(options);
  return {
    name: `normalizedMeanError${referenceName(between)}`,
    measures: 'points',
    better: 'lower',
    reads: { teacher: true, labels: false },
    compute(inputs) {
      const errors = pointErrors(inputs, between);
      return errors.reduce((sum, error) => sum + error, 0) / errors.length;
    },
  };
}
