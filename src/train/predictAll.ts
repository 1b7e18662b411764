import { dtypeOf, makeArray, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
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
    for (const [name, rows] of Object.entries(await trainer.predict(student, examples.inputs))) {
      const row = rows.shape.slice(1);
      all[name] ??= { data: makeArray(dtypeOf(rows.data), data.size * sizeOf(row)), shape: [data.size, ...row] };
      all[name].data.set(rows.data, (indices[0] as number) * sizeOf(row));
    }
  }
  return all;
}
