import type { Tensor } from '@tensorflow/tfjs-core';
import { count, flag, notNegative, type OptionsOf, positive, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import type { Loss } from '../loss.ts';
import { checkPeers, type Lessons, numbered, peersOf, sumOfLessons } from '../peers.ts';

const OPTIONS = schema('mutual', {
  /** Members of the cohort, 2 or more. Default 2 (DML). */
  students: count(2)(2),
  /** The members' output: `<output>.0`, `<output>.1` … are compared. Default 'logits'. */
  output: text('logits'),
  /**
   * Whether each member learns its labels too. Without labels and without a teacher the members may agree on
   * anything, such as one answer for all examples: then add a term for each,
   * `softTargets({ output: 'logits.0', teacherOutput: 'logits' })`. Default true.
   */
  labels: flag(true),
  /** Softens all distributions; above 0. Default 1 (DML). */
  temperature: positive(1),
  /** Weight of the peers' answers, where the labels have 1; 0 or more. Default 1 (DML). */
  weight: notNegative(1),
});

/** Who learns from whom, and how much. */
export interface MutualOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Deep mutual learning (DML): students learn together, each from the labels and from its peers' current answers. The
 * student is a `cohort`. Each member's part counts in full, so use the learning rate of a single student.
 *
 * Σ_i [ −log p_i(label) + w · T²/(K−1) · Σ_{j≠i} KL(p_j ‖ p_i) ], mean over the batch.
 * Shapes    peers K × [B, C] → scalar, or [B]
 * Units     logits in, nats out
 * Reduces   mean over batch, sum over members; ×T² (T=1); KL(peer‖member), peer held
 * Weight    1, alone: each member's labels count in it with weight 1
 * Gradient  of each divergence: reaches p_i only, the peer p_j is held fixed
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing
 * Source    Zhang, Xiang, Hospedales, Lu 2018, eq. 3–7, arXiv:1706.00384
 * Differs   the authors update one member after the other, each seeing its peers' new answers; here all take the same
 *           step. Temperatures other than 1 bring a factor T², which the paper does not need.
 * @example
 * const student = cohort([cnn(), mlp({ inputShape: [28, 28, 1] })]);
 * distill({ student, data, loss: mutual({ students: 2 }) });
 */
export function mutual(options: MutualOptions = {}): Loss {
  const { students, output, labels, temperature, weight } = OPTIONS.read(options);
  const outputs = numbered(output, students);
  return {
    name: 'mutual',
    options: { students, output, labels, temperature, weight },
    reads: { student: outputs, teacher: [], labels },
    isStatic: true,
    allowsUnlabelled: true,
    check: (shapes) => checkPeers(shapes, outputs, 'mutual'),
    ...sumOfLessons('mutual', (tf, tensors, lessons) =>
      mutualLoss(tf, peersOf(tensors, outputs), lessons, { labels, temperature, weight }),
    ),
  };
}

export function mutualLoss<T extends Tensor>(
  tf: Tf,
  peers: readonly Tensor[],
  { labelled, taught }: Lessons<T>,
  { labels, temperature, weight }: { readonly labels: boolean; readonly temperature: number; readonly weight: number },
): T {
  const pairs = peers.flatMap((own) =>
    peers.filter((peer) => peer !== own).map((peer) => taught(peer, own, temperature)),
  );
  const fromPeers = tf.mul(tf.addN(pairs as Tensor[]), weight / (peers.length - 1)) as T;
  return labels ? (tf.addN([fromPeers, ...peers.map(labelled)] as Tensor[]) as T) : fromPeers;
}
