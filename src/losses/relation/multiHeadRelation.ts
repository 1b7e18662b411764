import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { count, type OptionsOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, type LossParameter, named, parameter } from '../loss.ts';
import { OUTPUT_PAIR, type OutputPairOptions, outputPair } from '../outputPair.ts';
import { checkPairs, flatLength, toRows, withoutGradient } from '../pairs.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('multiHeadRelation', {
  ...OUTPUT_PAIR.fields,
  /** How many views of the features are compared, 1 or more. Default 8. */
  heads: count()(8),
  /** Length of a view, 1 or more; a longer one separates examples better. Default 16. */
  headLength: count()(16),
});

/** How many views are compared, and how long they are. */
export interface MultiHeadRelationOptions extends OutputPairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Multi-head relations between examples (in the manner of MHGD): how much each example attends to the others of
 * the batch is the same in several random views of the teacher's features and in trained views of the student's. Features
 * may have any sizes; those of the last layer before the logits work best.
 *
 * KL(A_teacher ‖ A_student), mean over heads and examples, where A is softmax(V·Vᵀ / √d) between the examples of a batch
 * in one view V = [B, d]. The views are linear maps of features of length 1, standard normal from the run's seed, which
 * keeps cosines up to chance: a fixed one for the teacher, a trained one for the student.
 * Shapes    studentViews [B, heads · d], teacherViews [B, heads · d] → scalar
 * Units     any in; nats out
 * Reduces   mean over heads and examples; KL(teacher‖student)
 * Weight    5 for a layer of 128 features, 2 for ten logits
 * Gradient  reaches the student's features and its trained map; nothing of the teacher's
 * Numerics  finite for features up to 1e4
 * Throws    invalid-option: no head, no length, batches of one · shape-mismatch: features of a free length, which no map
 *           fits. In a last batch of one the loss is 0
 * Source    Lee, Song 2019, §3, arXiv:1907.02226; relations of one view with itself: Wang et al. 2021 (MiniLM v2), §3.1,
 *           arXiv:2012.15828
 * Differs   this is not the paper's method. The paper first trains a graph network with attention heads on the teacher's
 *           feature distributions, which it finds by singular value decomposition (missing in tfjs), and distills the
 *           network's attention. Heads trained together with the student would make all relations equal, which is easy to
 *           learn and teaches nothing; so the teacher's stay as they were drawn. Kept from the paper: attention between
 *           examples, in several heads, compared by KL divergence
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: multiHeadRelation({ output: 'features' }), weight: 5 }]);
 */
export function multiHeadRelation(options: MultiHeadRelationOptions = {}): Loss {
  const { output, teacherOutput, heads, headLength, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'multiHeadRelation',
    options: { ...names, heads, headLength },
    reads,
    isStatic: true,
    check({ batchSize, student, teacher }) {
      checkPairs('multiHeadRelation', batchSize);
      flatLength(student, output);
      flatLength(teacher, teacherOutput);
    },
    parameters({ student, teacher }) {
      const views = (features: number, isTrained: boolean): LossParameter => ({
        shape: [features, heads * headLength],
        initial: 'standard-normal',
        isTrained,
      });
      return {
        studentViews: views(flatLength(student, output), true),
        teacherViews: views(flatLength(teacher, teacherOutput), false),
      };
    },
    compute: (tf, tensors) =>
      tf.tidy(() => {
        const [ofStudent, ofTeacher] = ['studentViews', 'teacherViews'].map((name) => parameter(tensors, name));
        const views = (features: Tensor, map?: Tensor) =>
          tf.matMul(toUnitLength(tf, toRows(tf, features)), map as Tensor2D) as Tensor2D;
        const student = views(named(tensors.student, output), ofStudent);
        const teacher = withoutGradient(tf, named(tensors.teacher, teacherOutput), (of) => views(of, ofTeacher));
        return multiHeadRelationLoss(tf, student, teacher as Tensor2D, heads);
      }),
  };
}

export function multiHeadRelationLoss(tf: Tf, studentViews: Tensor2D, teacherViews: Tensor2D, heads: number): Scalar {
  return tf.tidy(() => {
    const byStudent = logAttention(tf, studentViews, heads);
    const byTeacher = withoutGradient(tf, teacherViews, (of) => logAttention(tf, of as Tensor2D, heads));
    const probs = withoutGradient(tf, byTeacher, (of) => tf.exp(of));
    return tf.mean(tf.sum(tf.mul(probs, tf.sub(byTeacher, byStudent)), -1)) as Scalar;
  });
}

/** [heads, B, B]. */
function logAttention(tf: Tf, views: Tensor2D, heads: number): Tensor {
  const [batch, length] = views.shape;
  const byHead = tf.transpose(tf.reshape(views, [batch, heads, length / heads]), [1, 0, 2]) as Tensor3D;
  return tf.logSoftmax(tf.div(tf.matMul(byHead, byHead, false, true), Math.sqrt(length / heads)));
}
