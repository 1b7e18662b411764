import type { Tensor } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { count, flag, notNegative, type OptionsOf, oneOf, positive, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import type { Loss } from '../loss.ts';
import { checkPeers, held, type Lessons, numbered, peersOf, sumOfLessons } from '../peers.ts';

const OPTIONS = schema('collaborative', {
  /** Members of the cohort, 2 or more. Default 2. */
  students: count(2)(2),
  /** The members' output: `<output>.0`, `<output>.1` … are combined. Default 'logits'. */
  output: text('logits'),
  /**
   * 'mean': the mean of the members' logits (KDCL-Naive). 'min-logit': for each class the smallest lead over
   * the label that a member gives it, which makes the surest teacher (KDCL-MinLogit); it needs labels. Default 'mean'.
   */
  target: oneOf('mean', 'min-logit')('mean'),
  /** Whether each member learns its labels too; without, see `mutual`. Default true. */
  labels: flag(true),
  /** Softens all distributions; above 0. Default 4. */
  temperature: positive(4),
  /** Weight of the target, where the labels have 1; 0 or more. Default 0.5. */
  weight: notNegative(0.5),
});

/** How the members become their own teacher. */
export interface CollaborativeOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Collaborative learning (KDCL): students learn together, each from the labels and from a teacher made of all of them at
 * that moment. The student is a `cohort`. Each member's part counts in full, so use the learning rate of a single student.
 *
 * Σ_i [ −log p_i(label) + w · T² · KL(p_all ‖ p_i) ], mean over the batch. p_all is the softened mean of the logits, or,
 * for 'min-logit', of min_i (z_i − z_i[label]).
 * Shapes    peers K × [B, C] → scalar, or [B]
 * Units     logits in, nats out
 * Reduces   mean over batch, sum over members; ×T²; KL(all‖member), all held
 * Weight    1, alone: each member's labels count in it with weight 1
 * Gradient  of each divergence: reaches p_i only, p_all is held fixed
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing
 * Source    Guo and others 2020, "Online Knowledge Distillation via Collaborative Learning" (KDCL), CVPR, §3.3;
 *           temperature and weight: shaoeric/Online-Knowledge-Distillation-via-Collaborative-Learning
 * Differs   all members see the same augmented example; in the paper each sees its own
 * @example
 * const student = cohort([cnn(), mlp({ inputShape: [28, 28, 1] })]);
 * distill({ student, data, loss: collaborative({ students: 2, target: 'min-logit' }) });
 */
export function collaborative(options: CollaborativeOptions = {}): Loss {
  const { students, output, target, labels, temperature, weight } = OPTIONS.read(options);
  if (target === 'min-logit' && !labels) {
    throw new LimbeckError('invalid-option', 'The target "min-logit" is made from labels; use "mean" without them.');
  }
  const outputs = numbered(output, students);
  return {
    name: 'collaborative',
    options: { students, output, target, labels, temperature, weight },
    reads: { student: outputs, teacher: [], labels },
    isStatic: true,
    allowsUnlabelled: target === 'mean',
    check: (shapes) => checkPeers(shapes, outputs, 'collaborative'),
    ...sumOfLessons('collaborative', (tf, tensors, lessons) =>
      collaborativeLoss(tf, peersOf(tensors, outputs), lessons, { labels, target, temperature, weight }),
    ),
  };
}

export function collaborativeLoss<T extends Tensor>(
  tf: Tf,
  peers: readonly Tensor[],
  { labelled, taught, mask }: Lessons<T>,
  {
    labels,
    target,
    temperature,
    weight,
  }: Required<Pick<CollaborativeOptions, 'labels' | 'target' | 'temperature' | 'weight'>>,
): T {
  const fixed = peers.map((logits) => held(tf, logits));
  const all =
    target === 'mean' ? tf.div(tf.addN(fixed), peers.length) : leastLeads(tf, fixed, mask(fixed[0] as Tensor));
  const fromAll = tf.addN(peers.map((logits) => taught(all, logits, temperature)) as Tensor[]);
  const weighted = tf.mul(fromAll, weight) as T;
  return labels ? (tf.addN([weighted, ...peers.map(labelled)] as Tensor[]) as T) : weighted;
}

/** The smallest of the members' logits, relative to that of the label. */
function leastLeads(tf: Tf, peers: readonly Tensor[], mask: Tensor): Tensor {
  const leads = peers.map((logits) => tf.sub(logits, tf.sum(tf.mul(logits, mask), -1, true)));
  return leads.reduce((least, lead) => tf.minimum(least, lead));
}
