import { disposedAtWork, LimbeckError, throwIfAborted, untilAborted } from '../core/errors.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import type { Engine, EngineName } from './engine.ts';
import { labelled } from './labelled.ts';
import type { LoadStudentOptions } from './loadStudentOptions.ts';
import { namedInputs, type PredictInputs } from './predictInputs.ts';
import type { PredictSource } from './readSource.ts';

/** What a loaded student turned out to be. Plain values. */
export interface LoadedStudentDescription {
  readonly name: string;
  readonly engine: EngineName;
  /** Why it runs there, in a sentence. */
  readonly why: string;
  /** Whether all tabs of the origin ask the same model, as `worker: 'shared'` wants it. */
  readonly isShared: boolean;
  readonly threads: number;
  readonly labels: readonly string[] | undefined;
  /** Shapes with the batch; a free length is null. */
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  /** How data becomes inputs, as the file says; `predict` takes arrays that are in that form already. */
  readonly input: unknown;
  /** Size of the file or files. */
  readonly bytes: number;
  /** One sentence for each thing that makes it slower, or different, than it could be. */
  readonly notices: readonly string[];
}

/** What a student answered for a batch. */
export interface Prediction {
  /** Raw outputs by name. A single output is called `logits`, whatever its file calls it and whatever it holds. */
  readonly outputs: NamedArrays;
  /** The most probable class of each example, where labels are known. */
  readonly labels?: readonly string[];
  /** [B, C], where labels are known: softmax of the logits, or the output itself where its rows are probabilities. */
  readonly probabilities?: NdArray;
}

/** A student that answers. It holds a worker: dispose it when done. */
export interface LoadedStudent extends AsyncDisposable {
  /** That of the student which answers now. */
  readonly description: LoadedStudentDescription;
  /**
   * Answers for a batch [B, ...]. Arrays stay the caller's.
   * Throws    unknown-input · shape-mismatch · not-finite · student-invalid · out-of-memory · worker-died · disposed ·
   *           AbortError
   */
  predict(inputs: PredictInputs, signal?: AbortSignal): Promise<Prediction>;
  /**
   * Puts another student in this one's place, such as one that was trained further or patched. It is opened first, with the
   * engine, threads and worker of `loadStudent` where they are not given here. Calls under way are still answered by the old
   * one, which is then ended; later calls by the new one. If it cannot be opened, or takes other inputs, the old one stays.
   * Both are in memory for that time. Of a student that tabs share, only this handle gets the other one.
   * Throws    shape-mismatch: it takes other inputs · what `loadStudent` throws · disposed
   *
   * @example
   * await loaded.replace(await applyPatch(student, patch));
   */
  replace(source: PredictSource, options?: LoadStudentOptions): Promise<void>;
}

/** A student that is open, and its calls that are under way. */
export interface OpenStudent {
  readonly engine: Engine;
  readonly description: LoadedStudentDescription;
  readonly calls: Set<Promise<unknown>>;
}

/** The student that the caller holds, over the one that is open now. `openNext` opens one to take its place. */
export function loaded(
  first: OpenStudent,
  openNext: (source: PredictSource, options: LoadStudentOptions) => Promise<OpenStudent>,
): LoadedStudent {
  let current = first;
  let isDisposed = false;
  /** Replacements take turns, so that the last one that was asked for stays. */
  let replacing: Promise<unknown> = Promise.resolve();
  const checkInUse = () => {
    if (!isDisposed) return;
    throw new LimbeckError('disposed', `The student "${current.description.name}" was disposed; load it again.`);
  };
  const replace = async (source: PredictSource, options: LoadStudentOptions) => {
    checkInUse();
    const next = await openNext(source, options);
    try {
      checkInUse();
      checkSameInputs(current.description, next.description);
    } catch (error) {
      await next.engine[Symbol.asyncDispose]();
      throw error;
    }
    const previous = current;
    current = next;
    await Promise.allSettled(previous.calls);
    await previous.engine[Symbol.asyncDispose]();
  };
  return {
    get description() {
      return current.description;
    },
    async predict(inputs, signal) {
      checkInUse();
      throwIfAborted(signal);
      const { engine, description, calls } = current;
      const { name, labels } = description;
      const running = engine.run(namedInputs(inputs, description.inputs)).catch((error: unknown): never => {
        throw isDisposed ? disposedAtWork('student', name, error) : error;
      });
      calls.add(running);
      const outputs = await untilAborted(
        running.finally(() => calls.delete(running)),
        signal,
      );
      return { outputs, ...(labels && labelled(outputs, labels)) };
    },
    replace(source, options = {}) {
      const result = replacing.then(() => replace(source, options));
      replacing = result.catch(() => undefined);
      return result;
    },
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      await current.engine[Symbol.asyncDispose]();
      await replacing;
    },
  };
}

/** Throws    shape-mismatch: whoever gives the old student's inputs would be refused by the new one */
function checkSameInputs(old: LoadedStudentDescription, next: LoadedStudentDescription): void {
  const [had, has] = [old, next].map(({ inputs }) => JSON.stringify(Object.entries(inputs).sort()));
  if (had === has) return;
  throw new LimbeckError(
    'shape-mismatch',
    `The student "${next.name}" takes the inputs ${JSON.stringify(next.inputs)}, and "${old.name}", which it was to ` +
      `replace, ${JSON.stringify(old.inputs)}. "${old.name}" stays. Load the other one with loadStudent.`,
    { details: { inputs: next.inputs, needed: old.inputs } },
  );
}
