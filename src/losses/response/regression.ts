import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, positive, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { outputPair } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { checkSameShape } from '../sameClasses.ts';

const OPTIONS = schema('regression', {
  /** 'squared': (s − t)² (MSE). 'huber': half of that up to `delta`, straight beyond. Default 'squared'. */
  measure: oneOf('squared', 'huber')('squared'),
  /** Where 'huber' becomes straight, in units of the values; above 0. Default 1 (smooth L1). */
  delta: positive(1),
  /** The student's values. Default 'values'. */
  output: text('values'),
  /** The teacher's values, or the truth, given as an output of the teacher. Default: `output`. */
  teacherOutput: text(),
});

/** How distances are measured, and where the numbers are read. */
export interface RegressionOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Regression to the teacher's numbers (MSE, Huber, smooth L1).
 *
 * The mean of d² ('squared'), or of ½d² up to δ and δ · (d − ½δ) beyond ('huber'), d = |student − teacher|, over the
 * values of each example. The loss is their mean.
 * Shapes    student [B, …], teacher [B, …] → [B]
 * Units     values in, their squares out
 * Reduces   mean over batch and values
 * Weight    1 for ten values of deviation 1; it grows as the root of their number
 * Gradient  reaches the student only
 * Numerics  finite for |value| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch
 * Source    Huber 1964, Robust Estimation of a Location Parameter, §2; Girshick 2015, eq. 3, arXiv:1504.08083
 * @example
 * distill({ teacher, student, data, loss: regression({ output: 'depth', measure: 'huber' }) });
 */
export function regression(options: RegressionOptions = {}): Loss {
  const { measure, delta, output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'regression',
    options: { measure, delta, ...names },
    reads,
    isStatic: true,
    compares: 'values',
    check: (shapes) => checkSameShape(shapes, output, teacherOutput, 'regression'),
    ...meanOfExamples((tf, { student, teacher }) =>
      regressionPerExample(tf, named(student, output), named(teacher, teacherOutput), { measure, delta }),
    ),
  };
}

export function regressionPerExample(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  { measure, delta }: { readonly measure: 'squared' | 'huber'; readonly delta: number },
): Tensor1D {
  const difference = tf.reshape(tf.sub(student, stopGradient(tf, teacher)), [student.shape[0] as number, -1]);
  if (measure === 'squared') return tf.mean(tf.square(difference), 1) as Tensor1D;
  const distance = tf.abs(difference);
  const near = tf.minimum(distance, delta);
  const far = tf.sub(distance, near);
  return tf.mean(tf.add(tf.mul(tf.square(near), 0.5), tf.mul(far, delta)), 1) as Tensor1D;
}
