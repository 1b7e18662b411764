import { dtypeOf, makeArray, type NdArray } from '../core/shape.ts';
import { ofThisRealm } from '../core/tags.ts';
import * as tf from './tf.ts';

/** A tensor of the same numbers; bytes become floats, because kernels read floats. The caller owns it. */
export function toTensor({ data, shape }: NdArray): tf.Tensor {
  const dtype = dtypeOf(data);
  const values = dtype === 'uint8' ? Float32Array.from(data) : ofThisRealm(data);
  return tf.tensor(values, [...shape], dtype === 'int32' ? 'int32' : 'float32');
}

/** The numbers of a tensor, read synchronously: cheap on cpu and wasm, where they are in this thread's memory. */
export function toArray(tensor: tf.Tensor): NdArray {
  return arrayOf(tensor, tensor.dataSync());
}

/** The same, read asynchronously: a GPU's numbers arrive later. */
export async function readArray(tensor: tf.Tensor): Promise<NdArray> {
  return arrayOf(tensor, await tensor.data());
}

function arrayOf(tensor: tf.Tensor, values: ArrayLike<number>): NdArray {
  const data = makeArray(tensor.dtype === 'int32' ? 'int32' : 'float32', values.length);
  data.set(values);
  return { data, shape: tensor.shape };
}
