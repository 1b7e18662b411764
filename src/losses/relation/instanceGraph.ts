import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { given, type OptionsOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { checkPairs, pairsOf, toRows, withoutGradient } from '../pairs.ts';

const OPTIONS = schema('instanceGraph', {
  /** The outputs to read, such as one of each stage, of any sizes. Default: ['logits']. */
  outputs: given<readonly string[]>(),
  /** The teacher's outputs for them, in the same order. Default: `outputs`. */
  teacherOutputs: given<readonly string[]>(),
});

/** The layers whose graphs are compared. */
export interface InstanceGraphOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Instance relationship graph (the edges of IRG): at several layers, the distances between the examples of a batch are
 * the same for the student as for the teacher. Features may have any sizes.
 *
 * Mean over the B² pairs of (A_student − A_teacher)², where A is the squared distance of two examples divided by the
 * largest one of the batch; mean over the layers.
 * Shapes    student [B, ...], teacher [B, ...] → scalar; what one example holds may differ
 * Units     any in; none out, between 0 and 1
 * Reduces   mean over B² and layers; squared difference
 * Weight    10 for a layer of 128 features, 5 for ten logits
 * Gradient  reaches the student only; none between examples that the student does not tell apart
 * Numerics  finite for |value| ≤ 1e4; distances below a thousandth of the batch's count as 0. Memory: B² + B·D numbers
 * Throws    invalid-option: no output, or not as many of the teacher; fewer than 3 examples in a batch. In a last batch of
 *           one or two the loss is 0
 * Source    Liu et al. 2019, "Knowledge Distillation via Instance Relationship Graph", CVPR; division by the largest
 *           distance: AberHu/Knowledge-Distillation-Zoo irg.py
 * Differs   the paper's graph has vertices too, the features themselves: add `logitRegression` or `featureHint` for these.
 *           We leave out its transformation between layers, the distance of an example's features in two of them: it needs
 *           two layers of one size, which that code makes by pooling and by halving channels
 * @example
 * weighted([{ loss: softTargets(), weight: 1 }, { loss: instanceGraph({ outputs: ['stage1', 'stage2', 'features'] }), weight: 10 }]);
 */
export function instanceGraph(options: InstanceGraphOptions = {}): Loss {
  const { outputs = ['logits'], teacherOutputs = outputs } = OPTIONS.read(options);
  checkNames(outputs, teacherOutputs);
  return {
    name: 'instanceGraph',
    options: { outputs: [...outputs], ...(teacherOutputs !== outputs && { teacherOutputs: [...teacherOutputs] }) },
    reads: { student: [...new Set(outputs)], teacher: [...new Set(teacherOutputs)], labels: false },
    isStatic: true,
    check: ({ batchSize }) => checkPairs('instanceGraph', batchSize, 3),
    compute: (tf, { student, teacher }) =>
      tf.tidy(() => {
        const losses = outputs.map((output, i) =>
          instanceGraphLoss(tf, named(student, output), named(teacher, teacherOutputs[i] as string)),
        );
        return tf.div(tf.addN(losses), losses.length) as Scalar;
      }),
  };
}

export function instanceGraphLoss(tf: Tf, student: Tensor, teacher: Tensor): Scalar {
  return tf.tidy(() => {
    const byTeacher = withoutGradient(tf, teacher, (of) => edges(tf, of));
    return tf.mean(tf.square(tf.sub(edges(tf, student), byTeacher))) as Scalar;
  });
}

function edges(tf: Tf, features: Tensor): Tensor {
  const { squares, isApart } = pairsOf(tf, toRows(tf, features));
  const distances = tf.mul(squares, isApart);
  // Each pair once: where two largest numbers are equal, tfjs gives each the whole gradient.
  const places = tf.range(0, squares.shape[0]);
  const isOnce = tf.cast(tf.less(tf.reshape(places, [-1, 1]), places), 'float32');
  const largest = tf.max(tf.mul(distances, isOnce));
  const isNone = withoutGradient(tf, largest, (of) => tf.cast(tf.lessEqual(of, 0), 'float32'));
  return tf.div(distances, tf.add(largest, isNone));
}

function checkNames(outputs: readonly string[], teacherOutputs: readonly string[]): void {
  const areNames = [outputs, teacherOutputs].every(
    (names) => Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== ''),
  );
  if (areNames && outputs.length > 0 && outputs.length === teacherOutputs.length) return;
  throw new LimbeckError(
    'invalid-option',
    `instanceGraph was given outputs ${JSON.stringify(outputs)} and teacherOutputs ${JSON.stringify(teacherOutputs)}; ` +
      'it needs one name or more, and as many of the teacher.',
    { details: { outputs, teacherOutputs } },
  );
}
