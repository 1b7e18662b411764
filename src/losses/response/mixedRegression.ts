import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { fraction, type OptionsOf, oneOf, positive, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { outputPair } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { checkSameShape } from '../sameClasses.ts';
import { regressionPerExample } from './regression.ts';

const OPTIONS = schema('mixedRegression', {
  /** Share of the truth; the rest is the teacher's. Default 0.5. */
  alpha: fraction(0.5),
  /**
   * The teacher's error at which it is no longer listened to, as a mean squared error of an example, in squared units of the
   * values; above 0. Default: it is always listened to.
   */
  distrust: positive(),
  /** 'squared': (s − t)² (MSE). 'huber': half of that up to `delta`, straight beyond. Default 'squared'. */
  measure: oneOf('squared', 'huber')('squared'),
  /** Where 'huber' becomes straight, in units of the values; above 0. Default 1 (smooth L1). */
  delta: positive(1),
  /** The student's values. Default 'values'. */
  output: text('values'),
  /** The teacher's values. Default: `output`. */
  teacherOutput: text(),
  /** What is true, given as an output of the teacher, since labels are classes. Default 'target'. */
  targetOutput: text('target'),
});

/** How truth and teacher are mixed, how distances are measured, and where the numbers are read. */
export interface MixedRegressionOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Regression to teacher and truth, mixed (attentive imitation): the teacher fills in what the few true numbers do not tell, and
 * counts for less the further an example's answer is from the truth.
 *
 * α · e(s, y) + (1 − α) · Φ · e(s, t), where e is the mean over an example's values as in `regression`, and
 * Φ = max(0, 1 − MSE(t, y) / distrust), or 1 where `distrust` is not given. The loss is the mean over the examples.
 * Shapes    student [B, …], teacher [B, …], target [B, …] → [B]
 * Units     values in, their squares out
 * Reduces   mean over batch and values
 * Weight    1, as `regression`
 * Gradient  reaches the student only
 * Numerics  finite for |value| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch
 * Source    Saputra, de Gusmão, Almalioglu, Markham, Trigoni 2019, eq. 7, Distilling Knowledge From a Deep Pose Regressor
 *           Network, arXiv:1908.00858
 * Differs   the paper scales Φ by the range of the teacher's errors over the training set; here that range is `distrust`.
 * @example
 * distill({ teacher, student, data, loss: mixedRegression({ alpha: 0.3, distrust: 4 }) });
 */
export function mixedRegression(options: MixedRegressionOptions = {}): Loss {
  const { alpha, distrust, measure, delta, output, teacherOutput, targetOutput, names } = outputPair(
    OPTIONS.read(options),
  );
  return {
    name: 'mixedRegression',
    options: { alpha, ...(distrust !== undefined && { distrust }), measure, delta, ...names, targetOutput },
    reads: { student: [output], teacher: [teacherOutput, targetOutput], labels: false },
    isStatic: true,
    compares: 'values',
    check(shapes) {
      checkSameShape(shapes, output, teacherOutput, 'mixedRegression');
      checkSameShape(shapes, output, targetOutput, 'mixedRegression');
    },
    ...meanOfExamples((tf, { student, teacher }) => {
      const [given, truth] = [named(teacher, teacherOutput), named(teacher, targetOutput)];
      return mixedRegressionPerExample(tf, named(student, output), given, truth, { alpha, distrust, measure, delta });
    }),
  };
}

export function mixedRegressionPerExample(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  target: Tensor,
  options: {
    readonly alpha: number;
    readonly distrust: number | undefined;
    readonly measure: 'squared' | 'huber';
    readonly delta: number;
  },
): Tensor1D {
  const { alpha, distrust } = options;
  const ofTruth = regressionPerExample(tf, student, target, options);
  const ofTeacher = tf.mul(regressionPerExample(tf, student, teacher, options), 1 - alpha);
  const heard = distrust === undefined ? ofTeacher : tf.mul(ofTeacher, trust(tf, teacher, target, distrust));
  return tf.add(tf.mul(ofTruth, alpha), heard) as Tensor1D;
}

/** Φ of each example. */
function trust(tf: Tf, teacher: Tensor, target: Tensor, distrust: number): Tensor {
  const error = regressionPerExample(tf, stopGradient(tf, teacher), target, { measure: 'squared', delta: 1 });
  return tf.relu(tf.sub(1, tf.div(error, distrust)));
}
