import type { NamedArrays } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { nextBatchSize, type Teacher } from '../teacher/teacher.ts';
import { openAnswers } from './answers.ts';
import type { DistillEvent } from './events.ts';
import { teacherEvent } from './teaching.ts';

export interface AskAllOptions {
  readonly teacher: Pick<Teacher, 'ask' | 'description' | 'nextBatchSize'>;
  readonly data: Dataset;
  /** Examples to ask about at a time. Default: what suits the teacher, else 32. */
  readonly batchSize?: number | undefined;
  readonly emit: (event: Extract<DistillEvent, { type: 'teacher' }>) => void;
  readonly signal: AbortSignal;
}

/** A teacher's outputs for all examples of a dataset, each [N, ...] by name. It is asked once about each, in order. Throws what `openAnswers` throws. */
export async function askAll({ teacher, data, batchSize, emit, signal }: AskAllOptions): Promise<NamedArrays> {
  const startedAt = performance.now();
  let answered = 0;
  const answers = openAnswers({
    teacher,
    dataset: data,
    order: Int32Array.from({ length: data.size }, (_, i) => i),
    batchSize: () => nextBatchSize(teacher, batchSize),
    // The caller gets them, so they are kept whatever their size.
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
