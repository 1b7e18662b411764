import { makeArray, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { batches } from '../data/views.ts';
import type { Student } from '../student/student.ts';
import type { Teacher } from '../teacher/teacher.ts';
import type { Trainer } from '../train/trainer.ts';

const PREDICT_BATCH = 256;

/** A student's outputs for all examples of a dataset, each [N, ...] by name. Throws what data and trainer throw. */
export function predictAll(
  trainer: Trainer,
  student: Student,
  data: Dataset,
  signal?: AbortSignal,
): Promise<NamedArrays> {
  return collected(data, (inputs) => trainer.predict(student, inputs), PREDICT_BATCH, signal);
}

/** The same of a teacher. */
export function askAll(teacher: Teacher, data: Dataset, signal?: AbortSignal): Promise<NamedArrays> {
  return collected(data, (inputs) => teacher.ask(inputs, signal), teacher.description.batchSize ?? 32, signal);
}

async function collected(
  data: Dataset,
  answer: (inputs: NamedArrays) => Promise<NamedArrays>,
  batchSize: number,
  signal: AbortSignal | undefined,
): Promise<NamedArrays> {
  const all: Record<string, NdArray> = {};
  for await (const { indices, examples } of batches(data, batchSize, { ...(signal && { signal }) })) {
    signal?.throwIfAborted();
    for (const [name, { data: rows, shape }] of Object.entries(await answer(examples.inputs))) {
      const row = shape.slice(1);
      all[name] ??= { data: makeArray('float32', data.size * sizeOf(row)), shape: [data.size, ...row] };
      all[name].data.set(rows, (indices[0] as number) * sizeOf(row));
    }
  }
  return all;
}
