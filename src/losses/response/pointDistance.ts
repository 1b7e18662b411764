import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { type OptionsOf, positive, schema, text } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { outputPair } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { shapeOfOutput } from '../sameClasses.ts';

const OPTIONS = schema('pointDistance', {
  /** Up to which distance errors count by their logarithm, in units of the coordinates; above 0. Default 0.04: a 25th of a picture. */
  width: positive(0.04),
  /** How sharply it bends at 0, in the same unit; above 0. The slope there is width ÷ curvature. Default 0.008. */
  curvature: positive(0.008),
  /** The student's points. Default 'points'. */
  output: text('points'),
  /** The teacher's points, or the true ones, given as an output of the teacher. Default: `output`. */
  teacherOutput: text(),
});

/** From where on errors count by their size, and where the points are read. */
export interface PointDistanceOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Distance of points (wing loss): small errors of well-placed points count more than in a squared error, so that they become
 * smaller still, and large ones of a few points do not drown them.
 *
 * The mean over all coordinates of w · ln(1 + d ÷ ε) below w, and of d − (w − w · ln(1 + w ÷ ε)) from there on, d = |student −
 * teacher|, w = `width`, ε = `curvature`.
 * Shapes    student [B, P, D], teacher [B, P, D] → [B]
 * Units     coordinates in and out
 * Reduces   mean over batch, points and coordinates
 * Weight    1 for ten coordinates that are off by 1; it grows as the root of their number
 * Gradient  reaches the student only
 * Numerics  finite for |coordinate| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch: another number of points
 * Source    Feng et al. 2018, Wing Loss for Robust Facial Landmark Localisation, eq. 5, arXiv:1711.06753
 * Differs   `width` and `curvature` are the paper's 10 and 2 pixels of 256; the mean, not the sum, of the coordinates
 * @example
 * distill({ teacher, student: keypoints({ points: 21 }), data, loss: pointDistance() });
 */
export function pointDistance(options: PointDistanceOptions = {}): Loss {
  const { width, curvature, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'pointDistance',
    options: { width, curvature, ...names },
    reads,
    isStatic: true,
    compares: 'points',
    check(shapes) {
      const own = shapeOfOutput(shapes, 'student', output, 'pointDistance');
      const given = shapeOfOutput(shapes, 'teacher', teacherOutput, 'pointDistance');
      const isSame = own.length === 2 && given.length === 2 && own.every((length, axis) => length === given[axis]);
      if (isSame) return;
      const remedy =
        given.length === 2
          ? `Build the student with points: ${given[0]}, or let the teacher's "read" pick the points that the student has.`
          : 'Let the teacher\'s "read" give its points as [B, points, coordinates].';
      throw new LimbeckError(
        'shape-mismatch',
        `pointDistance cannot compare them: the teacher's "${teacherOutput}" is ${formatShape([null, ...given])}, the student's ` +
          `"${output}" is ${formatShape([null, ...own])}; both must be [B, points, coordinates]. ${remedy}`,
        { details: { loss: 'pointDistance', teacher: given, student: own } },
      );
    },
    ...meanOfExamples((tf, { student, teacher }) =>
      pointDistancePerExample(tf, named(student, output), named(teacher, teacherOutput), { width, curvature }),
    ),
  };
}

export function pointDistancePerExample(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  { width, curvature }: { readonly width: number; readonly curvature: number },
): Tensor1D {
  const difference = tf.reshape(tf.sub(student, stopGradient(tf, teacher)), [student.shape[0] as number, -1]);
  // Not tf.abs, whose slope at 0 is not 0.
  const distance = tf.add(tf.relu(difference), tf.relu(tf.neg(difference)));
  const near = tf.minimum(distance, width);
  const bent = tf.mul(tf.log(tf.add(tf.div(near, curvature), 1)), width);
  // Beyond the width `near` is the width, and w · ln(1 + w ÷ ε) + d − w is what the formula says.
  return tf.mean(tf.add(bent, tf.sub(distance, near)), 1) as Tensor1D;
}
