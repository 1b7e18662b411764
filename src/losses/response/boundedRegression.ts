import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { notNegative, type OptionsOf, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { outputPair } from '../outputPair.ts';
import { meanOfExamples } from '../rows.ts';
import { checkSameShape } from '../sameClasses.ts';

const OPTIONS = schema('boundedRegression', {
  /**
   * How much smaller the student's error must be than the teacher's, in squared units of the values; 0 or more. Default 0
   * (public code has 0 or 0.2; the paper names none).
   */
  margin: notNegative(0),
  /** The student's values. Default 'values'. */
  output: text('values'),
  /** The teacher's values. Default: `output`. */
  teacherOutput: text(),
  /** What is true, given as an output of the teacher, since labels are classes. Default 'target'. */
  targetOutput: text('target'),
});

/** By how much the student must beat the teacher, and where both and the truth are read. */
export interface BoundedRegressionOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Teacher-bounded regression: the student learns the truth, but only while its error is larger than the teacher's.
 * A teacher's number can be far from the truth, so it serves as a bound and not as a target.
 *
 * e_student where e_student + margin > e_teacher, else 0, where e is an example's mean squared distance from the truth. The
 * loss is the mean over the examples.
 * Shapes    student [B, …], teacher [B, …], target [B, …] → [B]
 * Units     values in, their squares out; so is the margin
 * Reduces   mean over batch; squared error, 0 once the student beats the teacher by the margin
 * Weight    0.5, next to `regression` to the truth with weight 1 (the paper's ν)
 * Gradient  reaches the student only: 2 · (student − target) / (B · values of an example), or nothing
 * Numerics  finite for |value| ≤ 1e4; jumps by e_teacher − margin where the student passes the bound
 * Throws    invalid-option · by `check` shape-mismatch
 * Source    Chen, Choi, Yu, Han, Chandraker 2017, eq. 4, Learning Efficient Object Detection Models with Knowledge
 *           Distillation, NeurIPS
 * Differs   the paper sums over an example's values; we take their mean, so that a margin fits any number of values.
 *           Public code compares each value or the whole batch; the paper and we compare each example.
 * @example
 * weighted([
 *   { loss: regression({ output: 'box', teacherOutput: 'target', measure: 'huber' }), weight: 1 },
 *   { loss: boundedRegression({ output: 'box' }), weight: 0.5 },
 * ]);
 */
export function boundedRegression(options: BoundedRegressionOptions = {}): Loss {
  const { margin, output, teacherOutput, targetOutput, names } = outputPair(OPTIONS.read(options));
  return {
    name: 'boundedRegression',
    options: { margin, ...names, targetOutput },
    reads: { student: [output], teacher: [teacherOutput, targetOutput], labels: false },
    isStatic: true,
    compares: 'values',
    check(shapes) {
      checkSameShape(shapes, output, teacherOutput, 'boundedRegression');
      checkSameShape(shapes, output, targetOutput, 'boundedRegression');
    },
    ...meanOfExamples((tf, { student, teacher }) =>
      boundedRegressionPerExample(
        tf,
        named(student, output),
        named(teacher, teacherOutput),
        named(teacher, targetOutput),
        margin,
      ),
    ),
  };
}

export function boundedRegressionPerExample(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  target: Tensor,
  margin: number,
): Tensor1D {
  const truth = stopGradient(tf, target);
  const errorOf = (values: Tensor) =>
    tf.mean(tf.reshape(tf.square(tf.sub(values, truth)), [values.shape[0] as number, -1]), 1);
  const ofStudent = errorOf(student);
  // tf.greater has no gradient in tfjs, not even a zero one.
  const isBehind = tf.step(tf.sub(tf.add(ofStudent, margin), errorOf(stopGradient(tf, teacher))));
  return tf.mul(ofStudent, isBehind) as Tensor1D;
}
