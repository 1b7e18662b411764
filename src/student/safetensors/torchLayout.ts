// PyTorch's weights, converted to tfjs's layout.
import { LimbeckError } from '../../core/errors.ts';
import type { NdArray } from '../../core/shape.ts';
import { transposed } from '../../core/transposed.ts';
import type { WeightSpec } from '../student.ts';

/**
 * Which axis of PyTorch's kernel becomes which of tfjs's, by rank: dense, and convolutions over one to three
 * dimensions.
 */
const KERNEL_ORDERS: Readonly<Record<number, readonly number[]>> = {
  2: [1, 0],
  3: [2, 1, 0],
  4: [2, 3, 1, 0],
  5: [2, 3, 4, 1, 0],
};

/**
 * A PyTorch weight in tfjs's layout, recognised by the name that tfjs gives it: Linear [out, in] → [in, out]; Conv OIHW
 * → HWIO, with one to three dimensions; ConvTranspose IOHW → HWOI; a depthwise kernel [in·m, 1, H, W] → [H, W, in, m];
 * everything else as it is. The gates of an LSTM are in the same order.
 * Throws    safetensors-invalid: a GRU, whose gates PyTorch orders and combines differently
 */
export function fromTorchLayout({ name, shape }: WeightSpec, array: NdArray): NdArray {
  const part = name.split('/').at(-1) ?? '';
  if (/^depthwise_kernel/.test(part)) return fromDepthwise(shape, array);
  if (!/kernel/i.test(part)) return array;
  if (/^recurrent_kernel/.test(part) && shape[1] === 3 * (shape[0] ?? 0)) {
    throw new LimbeckError(
      'safetensors-invalid',
      `"${name}" belongs to a GRU, whose gates PyTorch orders and combines differently. Reorder them in Python, transpose ` +
        'all kernels there, and leave "transpose" out.',
      { details: { name } },
    );
  }
  const order = KERNEL_ORDERS[array.shape.length];
  return order === undefined ? array : transposed(array, order);
}

/** PyTorch keeps the outputs of one channel next to each other, in one axis. */
function fromDepthwise(needed: readonly number[], array: NdArray): NdArray {
  const { data, shape } = array;
  const [channels = 0, multiplier = 0] = needed.slice(-2);
  if (shape[0] !== channels * multiplier || shape[1] !== 1) return array;
  const spread = { data, shape: [channels, multiplier, ...shape.slice(2)] };
  const lengths = spread.shape.slice(2).map((_, i) => i + 2);
  return transposed(spread, [...lengths, 0, 1]);
}
