import { countOf, bytes as inBytes } from '../core/figures.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { nextBatchSize, type Teacher } from '../teacher/teacher.ts';
import { type Answers, type AnswersOptions, openAnswers } from './answers.ts';
import type { DistillEvent } from './events.ts';

export interface TeachingOptions {
  /** Without a teacher, nothing is asked. */
  readonly teacher: Teacher | undefined;
  /** What the teacher sees. */
  readonly data: Dataset;
  readonly holdout?: Dataset;
  /** The order in which the student will see the data first. */
  readonly order: Int32Array;
  /** The outputs that the loss reads; if there are none, the teacher is asked about the holdout only. */
  readonly outputs: readonly string[];
  /** Examples to ask about at a time. Default: what suits the teacher. */
  readonly batchSize?: number | undefined;
  readonly memoryBytes: number;
  readonly epochs: number;
  readonly emit: (event: DistillEvent) => void;
  readonly signal: AbortSignal;
}

/** A teacher that works alongside the student. */
export interface Teaching {
  /** What the loss reads for some examples of the data; `inputs` are theirs, if they are at hand. */
  rows(indices: Int32Array, inputs?: NamedArrays): Promise<NamedArrays>;
  /** Whether answers are kept: `rows` then returns copies without asking the teacher. */
  areKept(): boolean;
  /** Every output for every held-out example. */
  readonly holdout: Promise<NamedArrays | undefined>;
  /** Milliseconds in which the teacher worked on the data, and on everything. */
  busyMs(): { readonly data: number; readonly total: number };
}

const NO_TEACHING: Teaching = {
  rows: async () => ({}),
  areKept: () => true,
  holdout: Promise.resolve(undefined),
  busyMs: () => ({ data: 0, total: 0 }),
};

/** Asks about the data in the order of the first epoch, then about the holdout. */
export function startTeaching(options: TeachingOptions): Teaching {
  const { teacher, data, holdout, emit, signal, outputs } = options;
  if (teacher === undefined) return NO_TEACHING;
  const startedAt = performance.now();
  const isAsked = outputs.length > 0;
  let answered = 0;
  let total = (isAsked ? data.size : 0) + (holdout?.size ?? 0);
  const shared: Omit<AnswersOptions, 'dataset' | 'order' | 'memoryBytes' | 'onTooLarge'> = {
    teacher,
    batchSize: () => nextBatchSize(teacher, options.batchSize),
    signal,
    onAnswered(examples) {
      answered += examples;
      emit(teacherEvent(answered, total, startedAt));
    },
  };
  const onTooLarge = (bytes: number) => {
    total += data.size * (options.epochs - 1);
    emit({
      type: 'notice',
      message:
        `The teacher's answers for all ${countOf(data.size, 'example')} take ${inBytes(bytes)}, more than "answerMemoryBytes" ` +
        `(${inBytes(options.memoryBytes)}): it is asked again in every epoch. cachedTeacher(teacher, store) answers ` +
        'from its store instead.',
    });
  };
  const answers = isAsked
    ? openAnswers({
        ...shared,
        dataset: data,
        order: options.order,
        outputs,
        memoryBytes: options.memoryBytes,
        onTooLarge,
      })
    : undefined;
  let ofHoldout: Answers | undefined;
  const askHoldout = async () => {
    await answers?.all();
    if (holdout === undefined) return undefined;
    const order = Int32Array.from({ length: holdout.size }, (_, i) => i);
    // The caller gets these, so they are kept whatever their size.
    const memoryBytes = Number.POSITIVE_INFINITY;
    ofHoldout = openAnswers({ ...shared, dataset: holdout, order, memoryBytes, onTooLarge: () => undefined });
    return ofHoldout.all();
  };
  const asking = askHoldout();
  asking.catch(() => undefined);
  return {
    async rows(indices, inputs) {
      if (answers === undefined) return {};
      return answers.rows(indices, inputs);
    },
    areKept: () => answers?.areKept() ?? true,
    holdout: asking,
    busyMs() {
      const ofData = answers?.busyMs() ?? 0;
      return { data: ofData, total: ofData + (ofHoldout?.busyMs() ?? 0) };
    },
  };
}

/**
 * The fraction of the shorter working time in which the other worked too. Computed from durations alone, so a lower bound:
 * the rest of the first epoch may have been spent waiting for neither.
 */
export function overlapOf(teacherMs: number, learnMs: number, epochMs: number): number {
  const both = teacherMs + learnMs - epochMs;
  const most = Math.min(teacherMs, learnMs, epochMs);
  return most > 0 ? Math.min(1, Math.max(0, both / most)) : 0;
}

/** The progress of a teacher that began to answer at `startedAt`. */
export function teacherEvent(
  answered: number,
  total: number,
  startedAt: number,
): Extract<DistillEvent, { type: 'teacher' }> {
  const ms = performance.now() - startedAt;
  const remainingMs = (ms / answered) * (total - answered);
  return { type: 'teacher', answered, total, examplesPerSecond: (answered / ms) * 1000, remainingMs };
}
