import { disposedAtWork, LimbeckError, throwIfAborted } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { withLogProbs } from './readAsLogits.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';

/** Notices of a teacher: kept for its description, and passed on to those who watch. */
export interface Notices {
  readonly list: readonly string[];
  tell(notice: string): void;
  watch(listener: (notice: string) => void): () => void;
  /** Ends all watching. */
  clear(): void;
}

export function makeNotices(first: readonly string[] = []): Notices {
  const list = [...first];
  const listeners = new Set<(notice: string) => void>();
  return {
    list,
    tell(notice) {
      list.push(notice);
      for (const listener of listeners) listener(notice);
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    clear: () => listeners.clear(),
  };
}

/** A model that was opened for a teacher, and how its answers are read. */
export interface LoadedParts extends Pick<Teacher, 'nextBatchSize' | 'timeMs'> {
  readonly name: string;
  readonly notices: Notices;
  /** Outputs that are probabilities once they are read. */
  readonly fromProbs: readonly string[] | undefined;
  describe(): TeacherDescription;
  batchOf(inputs: NamedArrays): number;
  /** What should be said about the first batch, if anything. */
  noticeOf(inputs: NamedArrays): string | undefined;
  run(inputs: NamedArrays, signal: AbortSignal | undefined): Promise<NamedArrays>;
  /** Checks the outputs, and turns them into what losses compare. */
  read(outputs: NamedArrays, batch: number): NamedArrays;
  end(): Promise<void>;
}

/** The teacher of an opened model: counts, reads and watches; ends with the model. */
export function loadedTeacher(parts: LoadedParts): Teacher {
  const { name, notices, fromProbs, nextBatchSize } = parts;
  let usage = { calls: 0, computed: 0, found: 0 };
  let isDisposed = false;
  let isLooked = false;
  const requireAlive = () => {
    if (isDisposed) throw new LimbeckError('disposed', `The teacher "${name}" was disposed; load it again.`);
  };
  return {
    get description() {
      return parts.describe();
    },
    async ask(inputs, signal) {
      requireAlive();
      throwIfAborted(signal);
      const notice = isLooked ? undefined : parts.noticeOf(inputs);
      isLooked = true;
      if (notice !== undefined) notices.tell(notice);
      const batch = parts.batchOf(inputs);
      const outputs = await parts.run(inputs, signal).catch((error: unknown): never => {
        throw isDisposed ? disposedAtWork('teacher', name, error) : error;
      });
      throwIfAborted(signal);
      usage = { ...usage, calls: usage.calls + 1, computed: usage.computed + batch };
      const answers = parts.read(outputs, batch);
      return fromProbs?.length ? withLogProbs(answers, fromProbs) : answers;
    },
    ...(nextBatchSize && { nextBatchSize }),
    async timeMs(inputs, repeats) {
      requireAlive();
      return parts.timeMs(inputs, repeats);
    },
    watch: notices.watch,
    usage: () => ({ ...usage }),
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      notices.clear();
      await parts.end();
    },
  };
}
