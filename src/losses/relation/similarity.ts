import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, toRows } from '../pairs.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('similarity', OUTPUT_PAIR.fields);

/**
 * Similarity-preserving distillation (SP): examples that are similar for the teacher are similar for the student.
 * Features may have any sizes; those of the last layer before the logits work best.
 *
 * Mean over the B² pairs of (G_student − G_teacher)², where G = F·Fᵀ of the flattened features with rows of length 1.
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; none out. A pair of rows differs by 4 at most, so the mean is small: up to 4 / B
 * Reduces   mean over B²; L2 rows; squared difference
 * Weight    500 for a layer of 128 features, 180 for ten logits; it grows with B. The paper and RepDistiller have 3000
 * Gradient  reaches the student only
 * Numerics  finite for |value| ≤ 1e4; an example without features (all zero) has a row of zeros
 * Throws    invalid-option: batches of one; in a last batch of one the loss is 0
 * Source    Tung, Mori 2019, §3.1, arXiv:1907.09682
 * Differs   torchdistill's SPKDLoss divides rows by the sum of their absolute values, not by their lengths; we follow the
 *           paper
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: similarity({ output: 'features' }), weight: 500 }]);
 */
export function similarity(options: OutputPairOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'similarity',
    options: names,
    reads,
    ...(output !== DEFAULT_OUTPUT && { compares: 'embeddings' as const }),
    isStatic: true,
    check: ({ batchSize }) => checkPairs('similarity', batchSize),
    compute: (tf, { student, teacher }) => similarityLoss(tf, named(student, output), named(teacher, teacherOutput)),
  };
}

export function similarityLoss(tf: Tf, student: Tensor, teacher: Tensor): Scalar {
  return tf.tidy(() => {
    const byStudent = similarities(tf, toRows(tf, student));
    const byTeacher = similarities(tf, toRows(tf, stopGradient(tf, teacher)));
    return tf.mean(tf.square(tf.sub(byStudent, byTeacher))) as Scalar;
  });
}

function similarities(tf: Tf, rows: Tensor2D): Tensor2D {
  return toUnitLength(tf, tf.matMul(rows, rows, false, true));
}
