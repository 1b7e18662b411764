import { dtypeOf, makeArray, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { batches } from '../data/views.ts';
import type { Student } from '../student/student.ts';
import type { Teacher } from '../teacher/teacher.ts';
import type { Trainer } from '../train/trainer.ts';
import { openAnswers } from './answers.ts';
import type { DistillEvent } from './events.ts';
import { teacherEvent } from './teaching.ts';

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

export interface AskAllOptions {
  readonly teacher: Pick<Teacher, 'ask' | 'description'>;
  readonly data: Dataset;
  /** Examples to ask about at a time. Default: what suits the teacher, else 32. */
  readonly batchSize?: number | undefined;
  readonly emit: (event: Extract<DistillEvent, { type: 'teacher' }>) => void;
  readonly signal: AbortSignal;
}

/** The same of a teacher, asked once about each example, in their order. Throws what `openAnswers` throws. */
export async function askAll({ teacher, data, batchSize, emit, signal }: AskAllOptions): Promise<NamedArrays> {
  const startedAt = performance.now();
  let answered = 0;
  const answers = openAnswers({
    teacher,
    dataset: data,
    order: Int32Array.from({ length: data.size }, (_, i) => i),
    batchSize: batchSize ?? teacher.description.batchSize ?? 32,
    // The caller is given them, so they are kept whatever their size.
    memoryBytes: Number.POSITIVE_INFINITY,
    onAnswered(examples) {
      answered += examples;
      emit(teacherEvent(answered, data.size, startedAt));
    },
    onTooLarge: () => undefined,
    signal,
  });
  return (await answers.all()) ?? {};
}
