import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, toRows, withoutGradient } from '../pairs.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('correlationCongruence', {
  ...OUTPUT_PAIR.fields,
  /** γ of the Gaussian kernel e^(−γ‖a − b‖²), above 0; larger counts near examples only. Default 0.4 (the paper). */
  gamma: positive(0.4),
  /** Up to which power of the cosine the kernel is expanded, 1 or more. Default 2 (the paper). */
  order: count()(2),
});

/** How similarity is measured. */
export interface CorrelationCongruenceOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Correlation congruence (CC): the Gaussian kernel between the features of two examples is the same for the
 * student as for the teacher. Features may have any sizes; those of the last layer before the logits work best.
 *
 * Mean over the B² pairs of (K_student − K_teacher)², with K = e^(−2γ) Σ_{p ≤ P} (2γ)^p / p! · cos^p: the Gaussian kernel
 * between features of length 1, as its first Taylor terms.
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; none out
 * Reduces   mean over B²; squared difference of Taylor RBF kernels
 * Weight    2000 for a layer of 128 features, 100 for ten logits
 * Gradient  reaches the student only
 * Numerics  finite for |value| ≤ 1e4; an example without features (all zero) has the cosine 0 with all
 * Throws    invalid-option: gamma not above 0, an order below 1. In a last batch of one the loss is 0
 * Source    Peng et al. 2019, §3.3–3.4, arXiv:1904.01802; normalized features: AberHu/Knowledge-Distillation-Zoo cc.py
 * Differs   RepDistiller's CC.py is another formula, which multiplies the differences of successive examples;
 *           torchdistill neither normalizes nor squares. We follow the paper, with its mean over B². We leave out its
 *           embedding, a trained linear layer, which features of different sizes do not need
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: correlationCongruence({ output: 'features' }), weight: 2000 }]);
 */
export function correlationCongruence(options: CorrelationCongruenceOptions = {}): Loss {
  const { output, teacherOutput, gamma, order, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'correlationCongruence',
    options: { ...names, gamma, order },
    reads,
    ...(output !== DEFAULT_OUTPUT && { compares: 'embeddings' as const }),
    isStatic: true,
    check: ({ batchSize }) => checkPairs('correlationCongruence', batchSize),
    compute: (tf, { student, teacher }) =>
      correlationCongruenceLoss(tf, named(student, output), named(teacher, teacherOutput), { gamma, order }),
  };
}

export function correlationCongruenceLoss(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  kernel: { readonly gamma: number; readonly order: number },
): Scalar {
  return tf.tidy(() => {
    const byTeacher = withoutGradient(tf, teacher, (of) => congruence(tf, of, kernel));
    return tf.mean(tf.square(tf.sub(congruence(tf, student, kernel), byTeacher))) as Scalar;
  });
}

function congruence(tf: Tf, features: Tensor, { gamma, order }: { gamma: number; order: number }): Tensor {
  const rows = toUnitLength(tf, toRows(tf, features));
  const scaled = tf.mul(tf.matMul(rows, rows, false, true), 2 * gamma);
  // Σ x^p / p! from the inside: 1 + x (1 + x/2 (1 + x/3 …)).
  let sum: Tensor = tf.add(tf.div(scaled, order), 1);
  for (let p = order - 1; p >= 1; p--) sum = tf.add(tf.mul(tf.div(scaled, p), sum), 1);
  return tf.mul(sum, Math.exp(-2 * gamma));
}
