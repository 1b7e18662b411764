import { makeArray, type NdArray } from '../core/shape.ts';
import * as tf from './tf.ts';

/** A tensor of the same numbers; bytes become floats, because kernels read floats. The caller owns it. */
export function toTensor({ data, shape }: NdArray): tf.Tensor {
  const isInteger = data instanceof Int32Array;
  return tf.tensor(
    data instanceof Uint8Array ? Float32Array.from(data) : data,
    [...shape],
    isInteger ? 'int32' : 'float32',
  );
}

/** The numbers of a tensor, read at once: cheap on cpu and wasm, where they lie in this thread's memory. */
export function toArray(tensor: tf.Tensor): NdArray {
  const values = tensor.dataSync();
  const data = makeArray(tensor.dtype === 'int32' ? 'int32' : 'float32', values.length);
  data.set(values);
  return { data, shape: tensor.shape };
}
