import { LogSoftmax, type Tensor, logSoftmax as tfjsLogSoftmax } from '../tf.ts';
import { kernelOr } from './kernelOr.ts';

/**
 * Log-probabilities over the last axis. tfjs composes them from five operations, and nine in the backward pass.
 * Source    tfjs logSoftmax
 */
export function logSoftmax(logits: Tensor): Tensor {
  return kernelOr(LogSoftmax, { logits }, { axis: logits.rank - 1 }, () => tfjsLogSoftmax(logits));
}
