import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { fraction, type OptionsOf, oneOf, positive, schema, text } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, type LossShapes, type LossTensors, named } from '../loss.ts';
import { logSoftmax } from '../rows.ts';
import { checkShapes, joinTerms } from '../terms.ts';

const OPTIONS = schema('exampleWeighted', {
  /**
   * 'confidence': 1 where the teacher's largest probability reaches `threshold`, else 0. 'soft-confidence':
   * that probability itself, and 0 below `threshold`. 'entropy': 1 − H(teacher) / log C, so 1 where the teacher is sure
   * and 0 where all classes are equally likely to it. 'label-agreement': 1 where the teacher's class is the label, else 0;
   * it reads labels. 'given': the weight that comes with the example (`withExampleWeights`), 0 or more.
   * Default 'confidence'.
   */
  kind: oneOf('confidence', 'soft-confidence', 'entropy', 'label-agreement', 'given')('confidence'),
  /** A probability from 0 to 1. Default: 0.95 (FixMatch) for 'confidence', 0 for 'soft-confidence'; others have none. */
  threshold: fraction(),
  /** Divides the teacher's logits before they are judged; above 1 for a teacher that is too sure. Default 1. */
  temperature: positive(1),
  /** The teacher's output that is judged: logits [B, C]. Default 'logits'. */
  teacherOutput: text('logits'),
  /**
   * What the weighted sum is divided by. 'batch': the number of examples, so that an example's effect does not depend on
   * the rest of the batch; 'weights': their sum, so that the only example left of a batch counts as much as a full batch.
   * Default 'batch'.
   */
  normalizeBy: oneOf('batch', 'weights')('batch'),
});

/** How examples are weighted. */
export interface ExampleWeightedOptions extends OptionsOf<typeof OPTIONS> {}

const DEFAULT_THRESHOLDS = { confidence: 0.95, 'soft-confidence': 0 };

/**
 * Per-example weights (confidence, entropy, agreement, or given by `withExampleWeights`): Σ w_i · loss_i / B. If all
 * weights are 0 the loss is 0, and nothing is learned from that batch. An example without a label (−1) agrees with no
 * teacher.
 * Shapes    those of the loss, which must be a mean over examples; teacherLogits [B, C], labels [B] → scalar
 * Units     those of the loss; weights are in 0…1, given ones are 0 or more
 * Reduces   Σ w_i L_i ÷ B, or ÷ Σ w_i
 * Weight    that of the loss, divided by the fraction of the examples that count
 * Gradient  w_i times that of the loss for example i; none reaches the weights
 * Numerics  as the loss; finite for |logit| ≤ 1e4
 * Throws    invalid-option: the loss does not tell its value for each example, an option out of range ·
 *           shape-mismatch: the judged output is not [B, C]
 * Source    confidence: Sohn and others 2020 (FixMatch), §2.2, arXiv:2001.07685 · entropy: Kwon and others 2020,
 *           Adaptive knowledge distillation based on entropy, ICASSP · agreement: Wen, Lai, Qian 2019, arXiv:1911.07471
 * Differs   entropy is divided by log C, so that weights mean the same for any number of classes; examples on which the
 *           teacher is wrong are left out, where the last source corrects the teacher
 * @example
 * exampleWeighted(softTargets(), { kind: 'confidence', threshold: 0.8 });
 */
export function exampleWeighted(loss: Loss, options: ExampleWeightedOptions = {}): Loss {
  const given = OPTIONS.read(options);
  const { kind, temperature, teacherOutput, normalizeBy } = given;
  const hasThreshold = kind === 'confidence' || kind === 'soft-confidence';
  if (!hasThreshold && given.threshold !== undefined) {
    throw new LimbeckError('invalid-option', `"threshold" has no meaning for "${kind}"; leave it out.`);
  }
  const { threshold = hasThreshold ? DEFAULT_THRESHOLDS[kind] : 0 } = given;
  const each = loss?.perExample;
  if (each === undefined) {
    throw new LimbeckError(
      'invalid-option',
      `exampleWeighted needs a loss that is a mean over examples, and "${loss?.name}" is none. Use one such as ` +
        'softTargets() or crossEntropy(), or write its perExample.',
    );
  }
  const { needs, tensorsOf } = joinTerms([loss], {
    reads:
      kind === 'given' ? { exampleWeights: true } : { teacher: [teacherOutput], labels: kind === 'label-agreement' },
  });
  const weightsFor = (tf: Tf, { teacher, labels, exampleWeights: weights }: LossTensors): Tensor1D =>
    kind === 'given'
      ? (weights as Tensor1D)
      : exampleWeights(tf, named(teacher, teacherOutput), labels, { kind, threshold, temperature });
  // Each example's share [B] of the whole, which is their mean.
  const perExample = (tf: Tf, tensors: LossTensors): Tensor1D =>
    tf.tidy(() => {
      const weights = weightsFor(tf, tensors);
      const weightedValues = tf.mul(each(tf, tensorsOf(tf, tensors, 0)), weights) as Tensor1D;
      if (normalizeBy === 'batch') return weightedValues;
      // If all weights are 0 the values are 0 too, whatever they are divided by.
      return tf.div(weightedValues, tf.maximum(tf.mean(weights), LEAST_MEAN)) as Tensor1D;
    });
  return {
    name: 'exampleWeighted',
    options: { kind, ...(hasThreshold && { threshold }), temperature, teacherOutput, normalizeBy },
    terms: [loss],
    ...needs,
    check(shapes) {
      if (kind !== 'given') checkJudged(shapes, teacherOutput);
      checkShapes(loss, shapes);
    },
    compute: (tf, tensors) => tf.tidy(() => tf.mean(perExample(tf, tensors)) as Scalar),
    perExample,
  };
}

/** Smaller than any mean of weights that matters: one example of a million with a weight of a millionth. */
const LEAST_MEAN = 1e-12;

interface Judged {
  readonly kind: Exclude<NonNullable<ExampleWeightedOptions['kind']>, 'given'>;
  readonly threshold: number;
  readonly temperature: number;
}

/** The weight of each example [B], from 0 to 1. No gradient passes. */
export function exampleWeights(
  tf: Tf,
  teacherLogits: Tensor,
  labels: Tensor1D | undefined,
  { kind, threshold, temperature }: Judged,
): Tensor1D {
  const weigh = tf.customGrad((logits) => ({
    value: tf.tidy(() => weightsOf(logits as Tensor)),
    gradFunc: () => tf.zerosLike(teacherLogits),
  }));
  const weightsOf = (logits: Tensor): Tensor1D => {
    const classes = logits.shape.at(-1) as number;
    if (kind === 'label-agreement') {
      if (labels === undefined) {
        throw new LimbeckError(
          'labels-missing',
          'exampleWeighted of "label-agreement" needs labels; give labelled data.',
        );
      }
      return tf.cast(tf.equal(tf.argMax(logits, -1), labels), 'float32') as Tensor1D;
    }
    const logProbs = logSoftmax(tf, tf.div(logits, temperature));
    if (kind === 'entropy') {
      // With one class there is no entropy.
      const most = Math.max(Math.log(classes), 1e-30);
      return tf.add(1, tf.div(tf.sum(tf.mul(tf.exp(logProbs), logProbs), -1), most)) as Tensor1D;
    }
    const confidence = tf.exp(tf.max(logProbs, -1)) as Tensor1D;
    const isSure = tf.cast(tf.greaterEqual(confidence, threshold), 'float32') as Tensor1D;
    return kind === 'confidence' ? isSure : tf.mul(isSure, confidence);
  };
  return weigh(teacherLogits) as Tensor1D;
}

function checkJudged({ teacher }: LossShapes, name: string): void {
  const shape = teacher[name];
  if (shape === undefined || shape.length === 1) return;
  throw new LimbeckError(
    'shape-mismatch',
    `exampleWeighted judges the teacher's "${name}", which is ${formatShape([null, ...shape])}; it must be logits [B, C]. ` +
      'Name another output of the teacher as "teacherOutput".',
    { details: { shape } },
  );
}
