import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { type Loss, type LossTensors, stopGradient } from './loss.ts';

/** The two functions of a loss that is the mean of one number an example. */
export function meanOfExamples(
  examples: (tf: Tf, tensors: LossTensors) => Tensor1D,
): Required<Pick<Loss, 'compute' | 'perExample'>> {
  return {
    compute: (tf, tensors) => tf.tidy(() => tf.mean(examples(tf, tensors)) as Scalar),
    perExample: (tf, tensors) => tf.tidy(() => examples(tf, tensors)),
  };
}

/** The mean over each example's values: [B, …] → [B]. */
export function meanPerExample(tf: Tf, values: Tensor): Tensor1D {
  if (values.rank === 1) return values as Tensor1D;
  return tf.mean(tf.reshape(values, [values.shape[0] as number, -1]), 1) as Tensor1D;
}

/** [B, …, C] → [B · …, C]. */
export function flattenRows(tf: Tf, logits: Tensor): Tensor {
  return logits.rank === 2 ? logits : tf.reshape(logits, [-1, logits.shape.at(-1) as number]);
}

/** As many as a kernel of WebAssembly may address. */
const MOST_VALUES = 2 ** 28;

/**
 * log softmax over the last axis, in one pass by the kernel where there is one: tfjs's own composes it of six operations,
 * and its gradient of four.
 * Shapes    logits [..., C] → [..., C]
 * Units     logits in; nats out
 * Throws    nothing
 * Source    tfjs logSoftmax
 */
export function logSoftmax(tf: Tf, logits: Tensor): Tensor {
  const isForKernel = logits.dtype === 'float32' && logits.size > 0 && logits.size < MOST_VALUES;
  if (!isForKernel || tf.getKernel('LogSoftmax', tf.getBackend()) === undefined) return tf.logSoftmax(logits);
  return tf.engine().runKernel('LogSoftmax', { logits }, { axis: logits.rank - 1 }) as Tensor;
}

/** log softmax(logits / T) over the classes. */
export function softLogProbs(tf: Tf, logits: Tensor, temperature: number): Tensor {
  return logSoftmax(tf, tf.div(logits, temperature));
}

/** KL(p ‖ q) = Σ p · (log p − log q) over the last axis. */
export function divergence(tf: Tf, logP: Tensor, logQ: Tensor): Tensor {
  return tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), -1);
}

/**
 * 1 at the label of each example, else 0: [B] → [B, C].
 * Throws    labels-missing
 */
export function labelMask(tf: Tf, labels: Tensor1D | undefined, logits: Tensor, name: string): Tensor {
  if (labels === undefined) throw new LimbeckError('labels-missing', `${name} needs labels; give labelled data.`);
  // Not tf.oneHot, which refuses a single class.
  const classes = tf.range(0, logits.shape.at(-1) as number, 1, 'int32');
  return tf.cast(tf.equal(tf.expandDims(labels, -1), classes), 'float32');
}

/** Stands for −∞ in logits: exp of it is 0, and 0 times it is 0. */
const NEVER = -1e9;

/** Logits, or log-probabilities, from which no softmax gives the masked classes anything. */
export function withoutMasked(tf: Tf, logits: Tensor, mask: Tensor): Tensor {
  return tf.add(tf.mul(logits, tf.sub(1, mask)), tf.mul(mask, NEVER));
}

/** log (exp a + exp b), for numbers of any size. */
export function logAddExp(tf: Tf, a: Tensor, b: Tensor): Tensor {
  const most = stopGradient(tf, tf.maximum(a, b));
  return tf.add(most, tf.log(tf.add(tf.exp(tf.sub(a, most)), tf.exp(tf.sub(b, most)))));
}

/**
 * ‖x‖₂ along an axis, kept with length 1; at least 1e-15, and without a gradient there, since that of a root at 0 is
 * infinite.
 */
export function safeNorm(tf: Tf, x: Tensor, axis: number): Tensor {
  return tf.sqrt(tf.maximum(tf.sum(tf.square(x), axis, true), 1e-30));
}
