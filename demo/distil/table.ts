import { oneAnswer } from '../frame/oneAnswer.ts';
import { startWorker } from '../worker/startWorker.ts';
import type { Columns, Label, Question, TableExamples, Told } from './tableReader.ts';

/** How far a table is read. */
export interface TableProgress {
  readonly fraction: number;
  readonly rows: number;
}

interface Answers {
  readonly columns: Columns;
  readonly label: Label;
  readonly examples: TableExamples;
}

/** Has a worker read a table for an answer. Throws what is wrong with the file, in words for a person. */
export async function askTable<Q extends Question>(
  question: Q,
  signal: AbortSignal,
  onPart?: (progress: TableProgress) => void,
): Promise<Answers[Q['about']]> {
  const worker = startWorker('table');
  const told = await oneAnswer<Told>(worker, question, {
    name: question.file.name,
    signal,
    take(one) {
      if (one.type !== 'part') return true;
      onPart?.({ fraction: one.bytes / one.totalBytes, rows: one.rows });
      return false;
    },
  });
  if (told.type === 'answer') return told.answer as Answers[Q['about']];
  if (told.type === 'error') throw Object.assign(new Error(told.error.message), told.error);
  throw new Error(`“${question.file.name}” gave no answer.`);
}
