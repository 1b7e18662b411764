import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { putRows } from '../core/rows.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { batchIndices } from '../data/views.ts';
import type * as tf from '../runtime/tf.ts';
import { applyStudent, orderInputs } from '../student/build.ts';
import { answer } from '../student/forward.ts';
import type { TappedStudent } from '../student/taps.ts';

const PREDICT_BATCH = 256;

/** The student's outputs by name, and those of its tapped layers. */
export function predictBatch(
  model: tf.LayersModel,
  inputs: NamedArrays,
  student?: Pick<TappedStudent, 'apply'>,
): Promise<NamedArrays> {
  const apply = (tensors: readonly tf.Tensor[]) =>
    student?.apply(tensors, 'inference') ?? applyStudent(model, tensors, 'inference');
  return answer(orderInputs(model, inputs), apply);
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
