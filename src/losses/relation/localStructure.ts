import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { count, type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, meanApart, nearest, type Pairs, pairsOf, toRows, withoutGradient } from '../pairs.ts';

const OPTIONS = schema('localStructure', {
  ...OUTPUT_PAIR.fields,
  /** How many edges leave each example, to its nearest ones for the teacher; 2 or more. Default 8. */
  neighbors: count(2)(8),
  /**
   * Width of the kernel e^(−‖a − b‖² / (scale · m)), above 0, where m is the mean squared distance of the batch on that
   * side; smaller counts the nearest only. Default 1.
   */
  scale: positive(1),
});

/** Which examples are neighbors, and how similarity is measured. */
export interface LocalStructureOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Local structure preserving (LSP): an example's similarity is distributed over its neighbors in a graph as it is for the
 * teacher. The graph is made within the batch, from the teacher's features. Features may have any sizes; those of the last
 * layer before the logits work best.
 *
 * KL(LS_teacher ‖ LS_student) over the edges that leave an example, mean over the examples; LS(i, ·) is the softmax of
 * e^(−‖e_i − e_j‖² / (scale · m)) over the neighbors j of i, and m the mean squared distance of examples that differ.
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; nats out
 * Reduces   mean over examples; KL(teacher‖student) over edges
 * Weight    1000 for a layer of 128 features, 80 for ten logits
 * Gradient  reaches the student only; none between examples that the student does not tell apart
 * Numerics  finite for |value| ≤ 1e4; distances below a thousandth of the batch's count as 0. Memory: neighbors · B²
 *           numbers
 * Throws    invalid-option: fewer than 2 neighbors, a scale not above 0, fewer than 3 examples in a batch. With fewer
 *           others than neighbors all of them are; in a last batch of one or two the loss is 0
 * Source    Yang et al. 2020, §4.2–4.3, arXiv:2003.10477 (its RBF kernel)
 * Differs   the paper's graph is the data's own, such as of a point cloud; here it is the k-nearest-neighbor graph of the
 *           teacher's features in the batch. The paper writes KL(student ‖ teacher); its code (DistillGCN) has KL(teacher
 *           ‖ student), and so have we: the student must not miss an edge. The code's kernel e^(−Σ|a − b| / 100) depends
 *           on the number and size of features; ours is the paper's, scaled by the batch's own distances on each side
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: localStructure({ output: 'features' }), weight: 1000 }]);
 */
export function localStructure(options: LocalStructureOptions = {}): Loss {
  const { output, teacherOutput, neighbors, scale, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'localStructure',
    options: { ...names, neighbors, scale },
    reads,
    ...(output !== DEFAULT_OUTPUT && { compares: 'embeddings' as const }),
    isStatic: true,
    check: ({ batchSize }) => checkPairs('localStructure', batchSize, 3),
    compute: (tf, { student, teacher }) =>
      localStructureLoss(tf, named(student, output), named(teacher, teacherOutput), { neighbors, scale }),
  };
}

export function localStructureLoss(
  tf: Tf,
  student: Tensor,
  teacher: Tensor,
  { neighbors, scale }: { readonly neighbors: number; readonly scale: number },
): Scalar {
  return tf.tidy(() => {
    const edges = withoutGradient(tf, teacher, (of) => tf.sum(nearest(tf, pairsOf(tf, toRows(tf, of)), neighbors), 1));
    const byTeacher = withoutGradient(tf, teacher, (of) => logShares(tf, pairsOf(tf, toRows(tf, of)), edges, scale));
    const byStudent = logShares(tf, pairsOf(tf, toRows(tf, student)), edges, scale);
    const probs = withoutGradient(tf, byTeacher, (of) => tf.mul(tf.exp(of), edges));
    return tf.mean(tf.sum(tf.mul(probs, tf.sub(byTeacher, byStudent)), 1)) as Scalar;
  });
}

/** Finite, and so far below every kernel that its share is 0 in float32. */
const HIDDEN = -1e9;

/** Logarithms of the shares [B, B]; meaningless where there is no edge. */
function logShares(tf: Tf, { squares, isApart }: Pairs, edges: Tensor, scale: number): Tensor {
  const distances = tf.mul(squares, isApart);
  const kernel = tf.exp(tf.div(distances, tf.mul(meanApart(tf, distances, isApart), -scale)));
  return tf.logSoftmax(tf.add(kernel, tf.mul(tf.sub(1, edges), HIDDEN)));
}
