import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { makeArray, type NamedArrays, type NdArray } from '../core/shape.ts';
import { batchIndices } from '../data/views.ts';
import { toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, orderInputs } from '../student/build.ts';

const PREDICT_BATCH = 256;

/** The student's outputs by name; waited for, because a GPU's numbers come back later. */
export async function predictBatch(model: tf.LayersModel, inputs: NamedArrays): Promise<NamedArrays> {
  const outputs = tf.tidy(() => applyStudent(model, orderInputs(model, inputs).map(toTensor), 'inference'));
  try {
    const read = Object.entries(outputs).map(async ([name, tensor]) => [name, await toArray(tensor)] as const);
    return Object.fromEntries(await Promise.all(read));
  } finally {
    tf.dispose(outputs);
  }
}

/** The student's output for all held-out examples [N, C]: the one that the loss compares. */
export async function predictHoldout(
  model: tf.LayersModel,
  output: string | undefined,
  size: number,
  read: (indices: Int32Array) => Promise<NamedArrays>,
  signal: AbortSignal,
): Promise<NdArray | undefined> {
  let all: NdArray | undefined;
  let at = 0;
  for (const indices of batchIndices(size, PREDICT_BATCH)) {
    if (signal.aborted) return undefined;
    const outputs = await predictBatch(model, await read(indices));
    const part = outputs[output ?? DEFAULT_OUTPUT] ?? Object.values(outputs)[0];
    if (part === undefined) return undefined;
    all ??= {
      data: makeArray('float32', (part.data.length / indices.length) * size),
      shape: [size, ...part.shape.slice(1)],
    };
    all.data.set(part.data, at);
    at += part.data.length;
  }
  return all;
}

async function toArray(tensor: tf.Tensor): Promise<NdArray> {
  const values = await tensor.data();
  const data = makeArray(tensor.dtype === 'int32' ? 'int32' : 'float32', tensor.size);
  data.set(values);
  return { data, shape: tensor.shape };
}
