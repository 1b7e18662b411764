import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, meanApart, meanSmoothL1, pairsOf, toRows, withoutGradient } from '../pairs.ts';

const OPTIONS = schema('relationDistance', OUTPUT_PAIR.fields);

/**
 * Relational distillation of distances (RKD-D): examples that are far apart for the teacher are far apart for the
 * student. Features may have any sizes, such as embeddings; often used together with `relationAngle`.
 *
 * Mean over the B² pairs of smoothL1(ψ_student − ψ_teacher), β = 1, where ψ is the distance of two examples divided by
 * the mean distance of those that differ.
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; none out
 * Reduces   mean over B²; smooth L1 (β=1)
 * Weight    300 for a layer of 128 features, 25 for ten logits. RepDistiller has 25
 * Gradient  reaches the student only; none between examples that the student does not tell apart
 * Numerics  finite for |value| ≤ 1e4; distances below a thousandth of the batch's count as 0. Memory: B² + B·D numbers
 * Throws    invalid-option: batches of one; in a last batch of one the loss is 0
 * Source    Park, Kim, Lu, Cho 2019, §3.2.1, arXiv:1904.05068; reduction and weight: lenscloth/RKD, RepDistiller
 * Differs   the paper sums over pairs; its authors' code takes the mean, and so do we
 * @example
 * weighted([
 *   { loss: relationDistance({ output: 'features' }), weight: 300 },
 *   { loss: relationAngle({ output: 'features' }), weight: 400 },
 * ]);
 */
export function relationDistance(options: OutputPairOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'relationDistance',
    options: names,
    reads,
    ...(output !== DEFAULT_OUTPUT && { compares: 'embeddings' as const }),
    isStatic: true,
    check: ({ batchSize }) => checkPairs('relationDistance', batchSize),
    compute: (tf, { student, teacher }) =>
      relationDistanceLoss(tf, named(student, output), named(teacher, teacherOutput)),
  };
}

export function relationDistanceLoss(tf: Tf, student: Tensor, teacher: Tensor): Scalar {
  return tf.tidy(() => {
    const byTeacher = withoutGradient(tf, teacher, (of) => relativeDistances(tf, of));
    return meanSmoothL1(tf, relativeDistances(tf, student), byTeacher);
  });
}

function relativeDistances(tf: Tf, features: Tensor): Tensor {
  const { squares, isApart } = pairsOf(tf, toRows(tf, features));
  const distances = tf.mul(tf.sqrt(squares), isApart);
  return tf.div(distances, meanApart(tf, distances, isApart));
}
