import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { sizeOf } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';

/**
 * Brings two features to the same positions: along each axis between batch and features the longer one is averaged down
 * to the shorter one, in windows as even as possible (PyTorch's adaptive average pooling). Maps [B, H, W, C] and sequences
 * [B, T, F]; vectors [B, F] have no positions and stay as they are. Gradients reach both; where nothing differs it returns
 * the same tensors.
 */
export function alignMaps(tf: Tf, student: Tensor, teacher: Tensor): [Tensor, Tensor] {
  const shorter = student.shape.slice(1, -1).map((length, i) => Math.min(length, teacher.shape[i + 1] as number));
  return [poolTo(tf, student, shorter), poolTo(tf, teacher, shorter)];
}

/** Averages maps [B, H, W, C] or sequences [B, T, F] down to `positions`: [H′, W′] or [T′], none longer than it was. */
export function poolTo(tf: Tf, values: Tensor, positions: readonly number[]): Tensor {
  const lengths = values.shape.slice(1, -1);
  if (lengths.every((length, i) => length === positions[i])) return values;
  const isEven = lengths.every((length, i) => length % (positions[i] as number) === 0);
  if (isEven && lengths.length <= 2) return poolEvenly(tf, values, positions);
  return positions.reduce((pooled, to, i) => poolAxis(tf, pooled, i + 1, to), values);
}

/** Adjacent windows of one size, for which there are kernels. */
function poolEvenly(tf: Tf, values: Tensor, positions: readonly number[]): Tensor {
  const [batch = 1, ...rest] = values.shape;
  const [height = 1, width = 1] = rest.slice(0, -1);
  const [toHeight = 1, toWidth = 1] = positions;
  const features = rest.at(-1) as number;
  const window: [number, number] = [height / toHeight, width / toWidth];
  return tf.tidy(() => {
    const maps = tf.reshape(values, [batch, height, width, features]) as Tensor4D;
    return tf.reshape(tf.avgPool(maps, window, window, 'valid'), [batch, ...positions, features]);
  });
}

/** Uneven windows: a product with a matrix of weights. */
function poolAxis(tf: Tf, values: Tensor, axis: number, to: number): Tensor {
  const from = values.shape[axis] as number;
  if (from === to) return values;
  const before = values.shape.slice(0, axis);
  const after = values.shape.slice(axis + 1);
  return tf.tidy(() => {
    const columns = tf.reshape(values, [sizeOf(before), from, sizeOf(after)]) as Tensor3D;
    const shares = tf.tensor3d(sharesOf(from, to), [1, to, from]);
    return tf.reshape(tf.matMul(shares, columns), [...before, to, ...after]);
  });
}

/** Row i holds what each of `from` positions gives to position i: window i reaches from ⌊i·from/to⌋ to ⌈(i+1)·from/to⌉. */
function sharesOf(from: number, to: number): Float32Array {
  const shares = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const start = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    shares.fill(1 / (end - start), i * from + start, i * from + end);
  }
  return shares;
}
