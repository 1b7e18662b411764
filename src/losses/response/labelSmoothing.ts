import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { fraction, type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { STUDENT_OUTPUT, type StudentOutputOptions } from '../outputPair.ts';
import { labelMask, meanOfExamples } from '../rows.ts';
import { checkOneRow } from '../sameClasses.ts';

const OPTIONS = schema('labelSmoothing', {
  /** How much probability is taken from the label; 0…1. Default 0.1 (Szegedy et al. 2016). */
  alpha: fraction(0.1),
  /**
   * Which classes share it. 'others': α / (C − 1) for each other class and 1 − α for the label, as in TF-KD. 'all': α / C
   * for every class, so that the label has 1 − α + α / C, as in Szegedy et al., Keras and PyTorch. Default 'others'.
   */
  spread: oneOf('others', 'all')('others'),
  ...STUDENT_OUTPUT.fields,
});

/** How much is taken from the label, and which classes get it. */
export interface LabelSmoothingOptions extends StudentOutputOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Cross-entropy with smoothed labels (label smoothing, LS): distillation from a teacher that only knows the label and is
 * equally unsure of all the rest. Use it in place of `crossEntropy`.
 *
 * −Σ target · log softmax(logits) of each example. The loss is their mean.
 * Shapes    logits [B, C], mask [B, C] with 1 at the label → [B]
 * Units     logits in, nats out
 * Reduces   mean over batch; no T; cross-entropy with smoothed label, spread others (C−1) or all (C)
 * Weight    1, in place of crossEntropy
 * Gradient  reaches the student only: (p − target) / B
 * Numerics  finite for |logit| ≤ 1e4; smallest at p = target, where it is the target's entropy; one class gives 0
 * Throws    invalid-option · by `check` shape-mismatch · labels-missing
 * Source    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2016, §7, arXiv:1512.00567; Yuan et al. 2020, arXiv:1909.11723
 * Differs   the two sources disagree about the denominator; `spread` chooses which to follow.
 * @example
 * distill({ student, data, loss: labelSmoothing({ alpha: 0.1 }) });
 */
export function labelSmoothing(options: LabelSmoothingOptions = {}): Loss {
  const { alpha, spread, output } = OPTIONS.read(options);
  return {
    name: 'labelSmoothing',
    options: { alpha, spread, output },
    reads: { student: [output], teacher: [], labels: true },
    isStatic: true,
    check: (shapes) => checkOneRow(shapes, output, 'labelSmoothing'),
    ...meanOfExamples((tf, { student, labels }) => {
      const logits = named(student, output);
      const mask = labelMask(tf, labels, logits, 'labelSmoothing');
      return labelSmoothingPerExample(tf, logits, mask, { alpha, spread });
    }),
  };
}

export function labelSmoothingPerExample(
  tf: Tf,
  logits: Tensor,
  mask: Tensor,
  { alpha, spread }: { readonly alpha: number; readonly spread: 'others' | 'all' },
): Tensor1D {
  const classes = logits.shape.at(-1) as number;
  const toEach = alpha / Math.max(spread === 'all' ? classes : classes - 1, 1);
  const toLabel = spread === 'all' || classes === 1 ? 1 - alpha + toEach : 1 - alpha;
  const targets = tf.add(tf.mul(mask, toLabel - toEach), toEach);
  return tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), -1)) as Tensor1D;
}
