import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { given, notNegative, type OptionsOf, schema } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, type LossShapes, named, stopGradient } from '../loss.ts';
import { STUDENT_OUTPUT, type StudentOutputOptions } from '../outputPair.ts';
import { checkPairs } from '../pairs.ts';
import { checkOneRow, shapeOfOutput } from '../sameClasses.ts';

const OPTIONS = schema('informationMaximization', {
  /** Weight of the mean entropy of the student's answers, which shrinks. Default 1 (SHOT). */
  certainty: notNegative(1),
  /** Weight of the entropy of their mean, which grows. Default 1 (SHOT). */
  diversity: notNegative(1),
  ...STUDENT_OUTPUT.fields,
  /**
   * How much each example counts, from 0: an output of the teacher [B] or [B, 1], or true for the weight that comes with
   * each example (`withExampleWeights`). Default: all count the same.
   */
  exampleWeights: given<string | true>(),
});

/** What is made certain, what is kept diverse, and where it is read. */
export interface InformationMaximizationOptions extends StudentOutputOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Information maximization (IM of SHOT; the negative mutual information of DINE): each answer becomes certain, while all
 * answers together use every class. It needs neither a teacher nor labels, and alone it only sharpens what a student
 * already knows.
 *
 * certainty · mean H(pᵢ) − diversity · H(mean pᵢ), p = softmax(logits), H(p) = −Σ p log p. With weights, both means are
 * weighted.
 * Shapes    logits [B, C], weights [B] or [B, 1] → scalar
 * Units     logits in, nats out; the smallest value is −diversity · log C, where answers are certain and classes equally
 *           frequent
 * Reduces   mean entropy − entropy of the mean
 * Weight    1 (SHOT)
 * Gradient  reaches the student only
 * Numerics  finite for |logit| ≤ 1e4, and where all weights are 0 (then 0)
 * Throws    invalid-option · by `check` shape-mismatch
 * Source    Liang, Hu, Feng 2020, "Do We Really Need to Access the Source Data?" (SHOT), eq. 2 and 3, arXiv:2002.08546
 * Differs   the authors' code adds 1e-5 inside each logarithm; here they are exact
 * @example
 * weighted([{ loss: informationMaximization(), weight: 1 }, { loss: crossEntropy(), weight: 0.1 }]);
 */
export function informationMaximization(options: InformationMaximizationOptions = {}): Loss {
  const { certainty, diversity, output, exampleWeights } = OPTIONS.read(options);
  if (certainty === 0 && diversity === 0) {
    throw new LimbeckError('invalid-option', '"certainty" and "diversity" are both 0; one must be above 0.');
  }
  return {
    name: 'informationMaximization',
    options: { certainty, diversity, output, ...(exampleWeights !== undefined && { exampleWeights }) },
    reads: {
      ...{ student: [output], teacher: typeof exampleWeights === 'string' ? [exampleWeights] : [], labels: false },
      ...(exampleWeights === true && { exampleWeights }),
    },
    isStatic: true,
    check(shapes) {
      if (diversity > 0) checkPairs('informationMaximization with a diversity above 0', shapes.batchSize);
      checkOneRow(shapes, output, 'informationMaximization');
      if (typeof exampleWeights === 'string') checkWeights(shapes, exampleWeights);
    },
    compute(tf, { student, teacher, exampleWeights: given }) {
      const weights = typeof exampleWeights === 'string' ? named(teacher, exampleWeights) : given;
      return informationMaximizationLoss(tf, named(student, output), {
        ...{ certainty, diversity },
        ...(exampleWeights !== undefined && weights && { weights }),
      });
    },
  };
}

export function informationMaximizationLoss(
  tf: Tf,
  logits: Tensor,
  { certainty, diversity, weights }: { certainty: number; diversity: number; weights?: Tensor },
): Scalar {
  return tf.tidy(() => {
    const logProbs = tf.logSoftmax(logits);
    const probs = tf.exp(logProbs);
    const mean = (values: Tensor) => {
      if (weights === undefined) return tf.mean(values, 0);
      const column = tf.reshape(stopGradient(tf, weights), [-1, 1]);
      return tf.div(tf.sum(tf.mul(values, column), 0), tf.maximum(tf.sum(column), SMALLEST));
    };
    const entropy = tf.neg(tf.sum(mean(tf.mul(probs, logProbs))));
    const together = mean(probs);
    const spread = tf.neg(tf.sum(tf.mul(together, tf.log(tf.maximum(together, SMALLEST)))));
    return tf.sub(tf.mul(entropy, certainty), tf.mul(spread, diversity)) as Scalar;
  });
}

function checkWeights(shapes: LossShapes, exampleWeights: string): void {
  const weights = shapeOfOutput(shapes, 'teacher', exampleWeights, 'informationMaximization');
  if (weights.length === 0 || (weights.length === 1 && weights[0] === 1)) return;
  throw new LimbeckError(
    'shape-mismatch',
    `informationMaximization weighs each example by the teacher's "${exampleWeights}", which must be [B] or [B, 1]; it is ` +
      `${formatShape([null, ...weights])}. Let the teacher's "read" give one number an example.`,
    { details: { weights } },
  );
}

/** Keeps 0 · log 0 at 0 for a class without probability; well above the smallest float32. */
const SMALLEST = 1e-30;
