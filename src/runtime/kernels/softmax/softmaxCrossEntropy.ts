import { sizeOf } from '../../../core/shape.ts';
import type { TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel } from '../kernel.ts';
import { rowsOf } from './softmax.ts';
import { lossGradient, meanOf } from './softTargets.ts';

/**
 * Cross-entropy of logits with integer labels, and its gradient, in one pass. `losses/response/crossEntropy.ts` asks
 * for it.
 * Shapes    logits [..., C], labels [...] int32 → loss [], gradient [..., C]
 * Units     logits in; nats out, mean over the rows. Rows with a label outside 0…C−1 count as zero
 * Gradient  reaches the logits only
 * Throws    nothing; other dtypes are the caller's to compose
 * Source    Bishop 2006, Pattern Recognition and Machine Learning, §4.3.4
 */
export const softmaxCrossEntropy: Kernel = {
  kernelName: 'SoftmaxCrossEntropy',
  gradient: lossGradient('logits', 'labels'),
  run(context, inputs) {
    const { logits, labels } = inputs as { logits: TensorInfo; labels: TensorInfo };
    const { rows, columns } = rowsOf(logits);
    if (!isSupported(logits) || labels.dtype !== 'int32' || sizeOf(labels.shape) !== rows) return undefined;
    const { backend, pool, address } = context;
    const gradient = backend.makeOutput(logits.shape, 'float32');
    const losses = pool.scratch(rows * 8);
    const words = [address(logits), address(labels), address(gradient), losses, rows, columns, floatBits(1 / rows)];
    pool.run('softmaxCrossEntropy', words, rows * columns * 12);
    return [meanOf(context, losses, rows, 1), gradient];
  },
};
