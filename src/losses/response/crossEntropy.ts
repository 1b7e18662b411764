import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named } from '../loss.ts';
import { STUDENT_OUTPUT, type StudentOutputOptions } from '../outputPair.ts';
import { labelMask } from '../rows.ts';
import { checkOneRow } from '../sameClasses.ts';

const OPTIONS = schema('crossEntropy', STUDENT_OUTPUT.fields);

/** Where the student's logits are read. */
export interface CrossEntropyOptions extends StudentOutputOptions {}

/**
 * Cross-entropy with the labels (CE): plain supervised training, alone or with a teacher. An example without a label
 * (`UNLABELLED`, −1) adds nothing, and the mean is still over all examples: weigh the labels by the inverse of their share.
 *
 * −log softmax(logits)[label], mean over the batch.
 * Shapes    logits [B, C], labels [B] int32 in 0…C−1, or −1 for none → scalar
 * Units     logits in, nats out
 * Reduces   mean over batch, unlabelled examples add 0; no T; −log p(label)
 * Weight    1: what the other losses are measured by
 * Gradient  reaches the student only: (p − onehot) / B
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch · labels-missing
 * Source    Bishop 2006, Pattern Recognition and Machine Learning, §4.3.4
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  const { output } = OPTIONS.read(options);
  return {
    name: 'crossEntropy',
    options: { output },
    reads: { student: [output], teacher: [], labels: true },
    isStatic: true,
    allowsUnlabelled: true,
    check: (shapes) => checkOneRow(shapes, output, 'crossEntropy'),
    compute(tf, { student, labels }) {
      if (labels === undefined)
        throw new LimbeckError('labels-missing', 'crossEntropy needs labels; give labelled data.');
      return crossEntropyLoss(tf, named(student, output), labels);
    },
    perExample: (tf, { student, labels }) =>
      tf.tidy(() => {
        const logits = named(student, output);
        return crossEntropyPerExample(tf, logits, labelMask(tf, labels, logits, 'crossEntropy'));
      }),
  };
}

export function crossEntropyLoss(tf: Tf, logits: Tensor, labels: Tensor1D): Scalar {
  return tf.tidy(() => {
    if (isForKernel(tf, logits, labels)) {
      const [loss] = tf.engine().runKernel('SoftmaxCrossEntropy', { logits, labels }) as Scalar[];
      return loss as Scalar;
    }
    return tf.mean(crossEntropyPerExample(tf, logits, labelMask(tf, labels, logits, 'crossEntropy'))) as Scalar;
  });
}

/** The same for each example, so that examples can be weighted: logits [B, C], mask [B, C] with 1 at the label → [B]. */
export function crossEntropyPerExample(tf: Tf, logits: Tensor, mask: Tensor): Tensor1D {
  return tf.neg(tf.sum(tf.mul(mask, tf.logSoftmax(logits)), -1)) as Tensor1D;
}

/** Whether limbeck's kernel is installed on the current backend and takes these tensors. */
function isForKernel(tf: Tf, logits: Tensor, labels: Tensor): boolean {
  const isLike = logits.rank === labels.rank + 1 && labels.shape.every((length, i) => length === logits.shape[i]);
  const isTyped = logits.dtype === 'float32' && (labels.dtype as string) === 'int32' && logits.size > 0;
  return isLike && isTyped && tf.getKernel('SoftmaxCrossEntropy', tf.getBackend()) !== undefined;
}
