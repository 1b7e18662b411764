import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tf } from '../runtime/tfNamespace.ts';

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
