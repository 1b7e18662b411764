import type { Scalar, Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, meanSmoothL1, pairsOf, toRows, withoutGradient } from '../pairs.ts';

const OPTIONS = schema('relationAngle', OUTPUT_PAIR.fields);

/** Examples in a batch: 160³ float32 numbers are 16 MiB, and a step holds about ten such arrays. */
const MOST_EXAMPLES = 160;

/**
 * Relational distillation of angles (RKD-A): three examples form the same angle for the student as for the teacher.
 * Features may have any sizes, such as embeddings; often used together with `relationDistance`.
 *
 * Mean over the B³ triplets of smoothL1(cos∠_student(i, j, k) − cos∠_teacher(i, j, k)), β = 1, the angle at example j.
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; none out
 * Reduces   mean over B³; smooth L1 (β=1)
 * Weight    400 for a layer of 128 features, 25 for ten logits. RepDistiller has 50
 * Gradient  reaches the student only; none through examples that the student does not tell apart
 * Numerics  finite for |value| ≤ 1e4; examples nearer than a thousandth of the batch's distances form no angle (0).
 *           Memory: about ten times B³ numbers, and B·D; 10 MiB at B = 64, 160 MiB at 160
 * Throws    invalid-option: fewer than 3 or more than 160 examples in a batch. In a last batch of one or two the loss is 0
 * Source    Park, Kim, Lu, Cho 2019, §3.2.2, arXiv:1904.05068; reduction and weight: lenscloth/RKD, RepDistiller
 * Differs   the paper sums over triplets of different examples; like its authors' code we take the mean over all B³,
 *           where the others add 0. Their differences of all pairs take B²·D numbers; we compute the cosines from the
 *           inner products of the centered features. Their gradient explodes for two equal examples (division by 1e-12);
 *           ours is 0
 * @example
 * weighted([
 *   { loss: relationDistance({ output: 'features' }), weight: 300 },
 *   { loss: relationAngle({ output: 'features' }), weight: 400 },
 * ]);
 */
export function relationAngle(options: OutputPairOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'relationAngle',
    options: names,
    reads,
    ...(output !== DEFAULT_OUTPUT && { compares: 'embeddings' as const }),
    isStatic: true,
    check({ batchSize }) {
      checkPairs('relationAngle', batchSize, 3);
      checkTriplets(batchSize);
    },
    compute: (tf, { student, teacher }) => relationAngleLoss(tf, named(student, output), named(teacher, teacherOutput)),
  };
}

export function relationAngleLoss(tf: Tf, student: Tensor, teacher: Tensor): Scalar {
  return tf.tidy(() => {
    const byTeacher = withoutGradient(tf, teacher, (of) => cosines(tf, of));
    return meanSmoothL1(tf, cosines(tf, student), byTeacher);
  });
}

/** (e_i − e_j)·(e_k − e_j) / (‖e_i − e_j‖ ‖e_k − e_j‖) at [j, i, k]. */
function cosines(tf: Tf, features: Tensor): Tensor3D {
  const { products, lengths, squares, isApart } = pairsOf(tf, toRows(tf, features));
  const batch = products.shape[0];
  const inverse = tf.mul(tf.rsqrt(squares), isApart);
  const along = (of: Tensor, shape: readonly number[]) => tf.reshape(of, [...shape]);
  const atCorner = tf.sub(along(lengths, [batch, 1, 1]), along(products, [batch, batch, 1]));
  const atEnds = tf.sub(along(products, [1, batch, batch]), along(products, [batch, 1, batch]));
  const inner = tf.add(atCorner, atEnds);
  const scale = tf.mul(along(inverse, [batch, batch, 1]), along(inverse, [batch, 1, batch]));
  return tf.mul(inner, scale) as Tensor3D;
}

function checkTriplets(batchSize: number): void {
  if (batchSize <= MOST_EXAMPLES) return;
  throw new LimbeckError(
    'invalid-option',
    `relationAngle compares all triplets of a batch; ${batchSize}³ of them do not fit. Set batchSize to ${MOST_EXAMPLES} ` +
      'or less, or use relationDistance, which compares pairs.',
    { details: { batchSize, most: MOST_EXAMPLES } },
  );
}
