import { putRows } from '../core/rows.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { batches } from '../data/views.ts';
import type { Student } from '../student/student.ts';
import type { Trainer } from './trainer.ts';

const PREDICT_BATCH = 256;

/** A student's outputs for all examples of a dataset, each [N, ...] by name. Throws what data and trainer throw. */
export async function predictAll(
  trainer: Trainer,
  student: Student,
  data: Dataset,
  signal: AbortSignal,
): Promise<NamedArrays> {
  const all: Record<string, NdArray> = {};
  for await (const { indices, examples } of batches(data, PREDICT_BATCH, { signal })) {
    signal.throwIfAborted();
    putRows(all, await trainer.predict(student, examples.inputs), data.size, indices);
  }
  return all;
}
