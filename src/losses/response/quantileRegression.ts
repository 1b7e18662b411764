import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { given, type OptionsOf, schema, text } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { outputPair } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { shapeOfOutput } from '../sameClasses.ts';

const OPTIONS = schema('quantileRegression', {
  /** Which quantiles the student's numbers are, each above 0 and below 1, rising. Default [0.05, 0.5, 0.95]. */
  quantiles: given<readonly number[]>(checkQuantiles, [0.05, 0.5, 0.95]),
  /** The student's quantiles. Default 'quantiles'. */
  output: text('quantiles'),
  /** The teacher's values, several for each example if it has them, or the truth. Default: `output`. */
  teacherOutput: text(),
});

/** Which quantiles, and where they and the values are read. */
export interface QuantileRegressionOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Quantile regression (pinball loss): the student learns limits below which given fractions of the values lie, so the first and
 * the last of them are an interval. The values may be the truth, one for each example, or the answers of several teachers, such
 * as the trees of a forest, whose spread the student learns.
 *
 * The mean of max(τ · d, (τ − 1) · d), d = value − quantile, over the quantiles and the values of each example. The loss is
 * the mean over the examples.
 * Shapes    student [B, Q], teacher [B, M], one or more values each → [B]
 * Units     values in and out
 * Reduces   mean over batch, quantiles and values
 * Weight    5 for ten quantiles; it grows as the root of their number
 * Gradient  reaches the student only
 * Numerics  finite for |value| ≤ 1e4; nothing keeps the quantiles from crossing, which happens where data are few
 * Throws    invalid-option: quantiles that do not rise, or lie outside 0 … 1 · by `check` shape-mismatch
 * Source    Koenker, Bassett 1978, Regression Quantiles, Econometrica 46(1); over several values it is what Meinshausen 2006,
 *           Quantile Regression Forests, JMLR 7, reads off the trees
 * @example
 * distill({ teacher, student, data, loss: quantileRegression({ quantiles: [0.1, 0.5, 0.9], output: 'logits' }) });
 */
export function quantileRegression(options: QuantileRegressionOptions = {}): Loss {
  const { quantiles, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'quantileRegression',
    options: { quantiles: [...quantiles], ...names },
    reads,
    isStatic: true,
    compares: 'quantiles',
    check(shapes) {
      const own = shapeOfOutput(shapes, 'student', output, 'quantileRegression');
      const values = shapeOfOutput(shapes, 'teacher', teacherOutput, 'quantileRegression');
      if (own.length === 1 && (own[0] ?? 0) === quantiles.length && values.length === 1) return;
      throw new LimbeckError(
        'shape-mismatch',
        `quantileRegression learns ${quantiles.length} quantiles; the student's "${output}" is ${formatShape([null, ...own])}, the ` +
          `teacher's "${teacherOutput}" is ${formatShape([null, ...values])}. They must be [B, ${quantiles.length}] and [B, values]. ` +
          'Give the student an output for each quantile, and let the teacher\'s "read" bring its values to rows.',
        { details: { quantiles: quantiles.length, student: own, teacher: values } },
      );
    },
    ...meanOfExamples((tf, { student, teacher }) =>
      quantileRegressionPerExample(tf, named(student, output), named(teacher, teacherOutput), quantiles),
    ),
  };
}

export function quantileRegressionPerExample(
  tf: Tf,
  student: Tensor,
  values: Tensor,
  quantiles: readonly number[],
): Tensor1D {
  const above = tf.sub(tf.expandDims(stopGradient(tf, values), 1), tf.expandDims(student, 2));
  const levels = tf.tensor([...quantiles], [1, quantiles.length, 1]);
  // max(τ d, (τ − 1) d) = τ d + max(0, −d)
  return tf.mean(tf.add(tf.mul(above, levels), tf.relu(tf.neg(above))), [1, 2]) as Tensor1D;
}

function checkQuantiles(quantiles: readonly number[]): void {
  const isLevel = (value: unknown) => typeof value === 'number' && value > 0 && value < 1;
  const isList = Array.isArray(quantiles) && quantiles.length > 0 && quantiles.every(isLevel);
  if (isList && quantiles.every((value, i) => i === 0 || value > (quantiles[i - 1] as number))) return;
  throw new LimbeckError(
    'invalid-option',
    `"quantiles" was ${JSON.stringify(quantiles)}; it must be a list of numbers above 0 and below 1 that rise, such as [0.1, 0.5, 0.9].`,
  );
}
