import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';
import { checkSameClasses } from '../sameClasses.ts';

const OPTIONS = schema('logitRegression', OUTPUT_PAIR.fields);

/** Where the logits are read. */
export interface LogitRegressionOptions extends OutputPairOptions {}

/**
 * Regression to the teacher's logits (Ba & Caruana; MSE): the squared difference. As the temperature grows, soft targets
 * approach half of it, where both rows have the same mean.
 *
 * The mean of (z_student − z_teacher)² over the classes of each example. The loss is their mean.
 * Shapes    studentLogits [B, …, C], teacherLogits [B, …, C] → [B]; an example's rows are averaged
 * Units     logits in, their squares out
 * Reduces   mean over batch and classes; no T; squared difference
 * Weight    1 for ten logits of deviation 1; in general √C / (2 · typical difference of the logits)
 * Gradient  reaches the student only: 2 · (z_student − z_teacher) / (B · C)
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch
 * Source    Ba, Caruana 2014, §2.2, arXiv:1312.6184
 * Differs   the paper halves the sum over the classes; the mean does not grow with their number.
 * @example
 * distill({ teacher, student, data, loss: logitRegression() });
 */
export function logitRegression(options: LogitRegressionOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'logitRegression',
    options: names,
    reads,
    isStatic: true,
    check: (shapes) => checkSameClasses(shapes, output, teacherOutput, 'logitRegression'),
    ...meanOfExamples((tf, { student, teacher }) =>
      logitRegressionPerExample(tf, named(student, output), named(teacher, teacherOutput)),
    ),
  };
}

export function logitRegressionPerExample(tf: Tf, studentLogits: Tensor, teacherLogits: Tensor): Tensor1D {
  return meanPerExample(tf, tf.mean(tf.square(tf.sub(studentLogits, stopGradient(tf, teacherLogits))), -1));
}
