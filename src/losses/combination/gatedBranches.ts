import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { count, given, type OptionsOf, positive, schema, text } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import type { Loss, LossTensors } from '../loss.ts';
import { checkPeers, type Lessons, numbered, peersOf, sumOfLessons } from '../peers.ts';
import { checkWeight, isMoving, type Schedule, sigmoidRamp, weightAt } from '../schedule.ts';

const OPTIONS = schema('gatedBranches', {
  /** Branches of the student, 2 or more. Default 3 (ONE, §4). */
  branches: count(2)(3),
  /** Output of the gated ensemble; `<output>.0`, `<output>.1` … are the branches'. Default 'logits'. */
  output: text('logits'),
  /** Softens ensemble and branches; above 0. Default 3 (ONE, §4). */
  temperature: positive(3),
  /**
   * Weight of the ensemble's answers; 0 or more, or a schedule. Default: sigmoidRamp(1), because the ensemble knows nothing
   * in the beginning (Lan1991Xu/ONE_NeurIPS2018).
   */
  weight: given<number | Schedule>(checkWeight),
});

/** How much the ensemble of the branches teaches them. */
export interface GatedBranchesOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * On-the-fly native ensemble (ONE): branches on one trunk learn the labels and the answers of their gated ensemble;
 * ensemble and gate learn the labels. The student is one made by `branched`. Needs labels.
 *
 * −log p_e(label) + Σ_m [ −log p_m(label) + w · T² · KL(p_e ‖ p_m) ], where e is the gated ensemble; mean over the batch.
 * Shapes    ensemble [B, C], branches M × [B, C] → scalar, or [B]
 * Units     logits in, nats out
 * Reduces   mean over batch, sum over branches; ×T²; KL(ensemble‖branch), ensemble held
 * Weight    1, alone: the labels of ensemble and branches count in it with weight 1
 * Gradient  of each divergence: reaches the branch only, the ensemble is held fixed; the gate learns through p_e(label)
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing
 * Source    Lan, Zhu, Gong 2018, eq. 4–7, arXiv:1806.04606
 * @example
 * const student = branched(cnn({ classes: 10 }), { at: 4, branches: 3 });
 * distill({ student, data, loss: gatedBranches({ branches: 3 }) });
 */
export function gatedBranches(options: GatedBranchesOptions = {}): Loss {
  const { branches, output, temperature, weight = sigmoidRamp(1) } = OPTIONS.read(options);
  const ends = numbered(output, branches);
  const weightNow = (tf: Tf, { numbers }: LossTensors) =>
    isMoving(weight)
      ? tf.reshape(numbers as Tensor1D, [])
      : weightAt(weight, { step: 0, steps: 1, epoch: 1, epochs: 1 });
  return {
    name: 'gatedBranches',
    options: { branches, output, temperature, weight },
    reads: { student: [output, ...ends], teacher: [], labels: true },
    isStatic: true,
    allowsUnlabelled: true,
    ...(isMoving(weight) && { numbers: (progress) => [weightAt(weight, progress)] }),
    check: (shapes) => checkPeers(shapes, [output, ...ends], 'gatedBranches'),
    ...sumOfLessons('gatedBranches', (tf, tensors, lessons) => {
      const [ensemble, ...peers] = peersOf(tensors, [output, ...ends]) as [Tensor, ...Tensor[]];
      return gatedBranchesLoss(tf, ensemble, peers, lessons, { temperature, weight: weightNow(tf, tensors) });
    }),
  };
}

export function gatedBranchesLoss<T extends Tensor>(
  tf: Tf,
  ensemble: Tensor,
  branches: readonly Tensor[],
  { labelled, taught }: Lessons<T>,
  { temperature, weight }: { readonly temperature: number; readonly weight: number | Tensor },
): T {
  const said = tf.addN(branches.map((logits) => taught(ensemble, logits, temperature)) as Tensor[]);
  return tf.addN([...[ensemble, ...branches].map(labelled), tf.mul(said, weight)] as Tensor[]) as T;
}
