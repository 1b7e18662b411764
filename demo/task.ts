import type { Dataset, LabelledDataset, LoadEvent, LoadTeacherOptions, Teacher } from 'limbeck';
import type { Shown } from './jobReport.ts';

/** What is distilled: a teacher, what it is asked about, and what its answers mean. */
export interface Task {
  /** What one example is called, such as 'digit'. */
  readonly noun: string;
  /** The teacher's classes by name. */
  readonly labels: readonly string[];
  /** How an example becomes the student's input, as plain values for whoever uses it elsewhere. */
  readonly input: object;
  loadTeacher(
    emit: (event: LoadEvent) => void,
    signal: AbortSignal,
    options: Pick<LoadTeacherOptions, 'threads' | 'device' | 'store'>,
  ): Promise<Teacher>;
  /** `limit` is the most examples to learn from, for tasks that have more than anybody needs. */
  loadData(limit: number, signal: AbortSignal): Promise<TaskData>;
}

export interface TaskData {
  readonly data: Dataset;
  /** Examples that nobody learns from, with labels or without. */
  readonly holdout: Dataset | LabelledDataset;
  /** What the teacher sees of both, where that is not what the student sees. */
  readonly teacherData?: Dataset;
  readonly teacherHoldout?: Dataset;
  /** A held-out example for a person to look at. */
  show(index: number): Promise<Shown>;
}
