import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { putRows } from '../core/rows.ts';
import { makeArray, type NamedArrays, type NdArray } from '../core/shape.ts';
import { batchIndices } from '../data/views.ts';
import { toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, orderInputs } from '../student/build.ts';
import type { TappedStudent } from '../student/taps.ts';

const PREDICT_BATCH = 256;

/** The student's outputs by name, and those of its tapped layers. Asynchronous, because a GPU's results arrive later. */
export async function predictBatch(
  model: tf.LayersModel,
  inputs: NamedArrays,
  student?: Pick<TappedStudent, 'apply'>,
): Promise<NamedArrays> {
  const outputs = tf.tidy(() => {
    const tensors = orderInputs(model, inputs).map(toTensor);
    return student?.apply(tensors, 'inference') ?? applyStudent(model, tensors, 'inference');
  });
  try {
    const read = Object.entries(outputs).map(async ([name, tensor]) => [name, await toArray(tensor)] as const);
    return Object.fromEntries(await Promise.all(read));
  } finally {
    tf.dispose(outputs);
  }
}

/**
 * The student's outputs of these names for all held-out examples, each [N, C]; its only output if none is named. None after
 * an abort.
 */
export async function predictHoldout(
  model: tf.LayersModel,
  names: readonly string[],
  size: number,
  read: (indices: Int32Array) => Promise<NamedArrays>,
  signal?: AbortSignal,
): Promise<NamedArrays> {
  const all: Record<string, NdArray> = {};
  let at = 0;
  for (const indices of batchIndices(size, PREDICT_BATCH)) {
    if (signal?.aborted) return {};
    const outputs = await predictBatch(model, await read(indices));
    const first = Object.keys(outputs).slice(0, 1);
    const asked = names.length > 0 ? names : DEFAULT_OUTPUT in outputs ? [DEFAULT_OUTPUT] : first;
    const told = Object.entries(outputs).filter(([name]) => asked.includes(name));
    putRows(all, Object.fromEntries(told), size, at);
    at += indices.length;
  }
  return all;
}

async function toArray(tensor: tf.Tensor): Promise<NdArray> {
  const values = await tensor.data();
  const data = makeArray(tensor.dtype === 'int32' ? 'int32' : 'float32', tensor.size);
  data.set(values);
  return { data, shape: tensor.shape };
}
