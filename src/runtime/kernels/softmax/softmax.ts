import { sizeOf } from '../../../core/shape.ts';
import { engine, LogSoftmax, Softmax, type Tensor, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';

const SOFTMAX_GRAD = 'SoftmaxGrad';
const LOG_SOFTMAX_GRAD = 'LogSoftmaxGrad';

/**
 * Softmax and its logarithm over the last axis, and their gradients, in a few passes over each row.
 * Shapes    logits [..., C] → [..., C]; gradients: y and dy [..., C] → [..., C]
 * Units     logits in; probabilities or log-probabilities out
 * Throws    nothing: other axes and dtypes fall back to tfjs
 * Source    tfjs Softmax, LogSoftmax (which tfjs-wasm lacks) and their gradients
 */
export const softmax: readonly Kernel[] = [
  forward(Softmax, 'dim', SOFTMAX_GRAD),
  forward(LogSoftmax, 'axis', LOG_SOFTMAX_GRAD),
  backward(SOFTMAX_GRAD),
  backward(LOG_SOFTMAX_GRAD),
];

function forward(kernelName: string, axisName: string, gradientName: string): Kernel {
  const isLast = (axis: unknown, rank: number) => axis === rank - 1 || axis === -1;
  return {
    kernelName,
    run({ backend, pool, address }, inputs, attrs) {
      const { logits } = inputs as { logits: TensorInfo };
      if (!isSupported(logits) || !isLast(attrs?.[axisName], logits.shape.length)) return undefined;
      const out = backend.makeOutput(logits.shape, 'float32');
      const { rows, columns } = rowsOf(logits);
      const isLog = kernelName === LogSoftmax ? 1 : 0;
      pool.run('softmax', [address(logits), address(out), rows, columns, isLog], rows * columns * 10);
      return out;
    },
    gradient: {
      inputsToSave: [],
      outputsToSave: [true],
      gradFunc(dy, [y], attrs) {
        if (!isSupported(y, dy as Tensor) || !isLast(attrs[axisName], (dy as Tensor).rank)) return undefined;
        return { logits: () => engine().runKernel(gradientName, { y: y as Tensor, dy: dy as Tensor }) as Tensor };
      },
    },
  };
}

function backward(kernelName: string): Kernel {
  return {
    kernelName,
    run({ backend, pool, address }, inputs) {
      const { y, dy } = inputs as { y: TensorInfo; dy: TensorInfo };
      if (!isSupported(y, dy) || sizeOf(y.shape) !== sizeOf(dy.shape)) return undefined;
      const out = backend.makeOutput(y.shape, 'float32');
      const { rows, columns } = rowsOf(y);
      const isLog = kernelName === LOG_SOFTMAX_GRAD ? 1 : 0;
      const words = [address(y), address(dy), address(out), rows, columns, isLog];
      pool.run('softmaxGrad', words, rows * columns * (isLog === 1 ? 10 : 4));
      return out;
    },
  };
}

/** The last axis gives the columns of a matrix, all others its rows; a scalar is one row. */
export function rowsOf({ shape }: TensorInfo): { rows: number; columns: number } {
  const columns = shape.at(-1) ?? 1;
  return { rows: sizeOf(shape) / columns, columns };
}
