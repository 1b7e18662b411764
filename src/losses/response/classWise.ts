import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { type OptionsOf, positive, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type Loss, named, stopGradient } from '../loss.ts';
import { STUDENT_OUTPUT, type StudentOutputOptions } from '../outputPair.ts';
import { checkPairs } from '../pairs.ts';
import { divergence, meanOfExamples, softLogProbs } from '../rows.ts';
import { checkOneRow } from '../sameClasses.ts';

const OPTIONS = schema('classWise', {
  /** Softens both distributions; above 0. Default 4 (the paper). */
  temperature: positive(4),
  ...STUDENT_OUTPUT.fields,
});

/** How soft the answers are, and where they are read. */
export interface ClassWiseOptions extends StudentOutputOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Class-wise self-distillation (CS-KD): two examples of one class get the same answer, whatever it is. There is no
 * teacher; the student learns from itself. It needs batches with several examples of each class.
 *
 * T² · KL(softmax(mate / T) ‖ softmax(logits / T)) of each example, where its mate is the next example of the same
 * label in the batch (the last one's mate is the first); 0 without a mate. The loss is their mean.
 * Shapes    logits [B, C], labels [B] int32 → [B]; takes B² numbers of memory
 * Units     logits in, nats out
 * Reduces   mean over batch; ×T²; KL(mate‖student), mate without gradient
 * Weight    1 (the paper; 3 for classes that are hard to tell apart)
 * Gradient  reaches the student only, and not through the mate's answer: T · (p − p_mate) / B
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch · labels-missing
 * Source    Yun, Park, Lee, Shin 2020, eq. 2, arXiv:2003.13964; alinlab/cs-kd train.py
 * Differs   the code draws a mate for each example from the whole dataset and runs the student on it; here mates come from
 *           the batch, which costs nothing but leaves some examples without one.
 * @example
 * weighted([{ loss: classWise(), weight: 1 }, { loss: crossEntropy(), weight: 1 }]);
 */
export function classWise(options: ClassWiseOptions = {}): Loss {
  const { temperature, output } = OPTIONS.read(options);
  return {
    name: 'classWise',
    options: { temperature, output },
    reads: { student: [output], teacher: [], labels: true },
    isStatic: true,
    check(shapes) {
      checkOneRow(shapes, output, 'classWise');
      checkPairs('classWise', shapes.batchSize);
    },
    ...meanOfExamples((tf, { student, labels }) => {
      if (labels === undefined) throw new LimbeckError('labels-missing', 'classWise needs labels; give labelled data.');
      return classWisePerExample(tf, named(student, output), labels, temperature);
    }),
  };
}

export function classWisePerExample(tf: Tf, logits: Tensor, labels: Tensor1D, temperature: number): Tensor1D {
  const mates = nextOfClass(tf, labels);
  // One 1 a row, or none: the product picks the mate's logits, and zeros where there is no mate.
  const ofMates = softLogProbs(tf, tf.matMul(mates, stopGradient(tf, logits)), temperature);
  const rows = divergence(tf, ofMates, softLogProbs(tf, logits, temperature));
  return tf.mul(tf.mul(rows, tf.sum(mates, 1)), temperature * temperature) as Tensor1D;
}

/** [B, B]: 1 at (i, j) where j is the next after i with i's label. */
function nextOfClass(tf: Tf, labels: Tensor1D): Tensor {
  const count = labels.shape[0];
  const places = tf.range(0, count, 1, 'float32');
  const ahead = tf.sub(tf.expandDims(places, 0), tf.expandDims(places, 1));
  // From 1, the next, to B, the example itself; so `nearness` is B − 1 for the next, and 0 for the example itself.
  const distance = tf.add(ahead, tf.mul(tf.cast(tf.lessEqual(ahead, 0), 'float32'), count));
  const isSame = tf.cast(tf.equal(tf.expandDims(labels, 0), tf.expandDims(labels, 1)), 'float32');
  const nearness = tf.mul(isSame, tf.sub(count, distance));
  const nearest = tf.maximum(tf.max(nearness, 1, true), 1);
  return tf.cast(tf.equal(nearness, nearest), 'float32');
}
