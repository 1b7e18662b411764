import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays, Shapes } from '../core/shape.ts';
import type { SimdLevel } from '../runtime/capabilities.ts';

/** Whose model it is, for messages. A student's faults are 'student-invalid', a teacher's 'teacher-failed'. */
export type ModelRole = 'teacher' | 'student';

/** An input or output of a model as its engine declares it; a free length is null. */
export interface ModelValue {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[];
  /** The model leaves the number of dimensions open; `shape` is empty then, as a single number's is. */
  readonly isAnyShape?: boolean;
  /** It reads bytes as pixels of 0…1. */
  readonly isPixels?: boolean;
}

/** A model that answers batches on the thread where it was opened: in onnxruntime, on limbeck's kernels, or in tfjs. */
export interface Model {
  readonly threads: number;
  /** Of limbeck's kernels, where they compute. */
  readonly simdLevel?: SimdLevel | undefined;
  readonly inputs: readonly ModelValue[];
  /** A tfjs graph does not always say the shapes of its outputs; those are left out. */
  readonly outputs: readonly ModelValue[];
  readonly notices: readonly string[];
  /**
   * Takes arrays by the names of the inputs and gives the outputs by name. One run at a time.
   * Throws    unknown-input · shape-mismatch · out-of-memory · teacher-failed or student-invalid
   */
  run(inputs: NamedArrays): Promise<NamedArrays>;
  dispose(): Promise<void>;
}

/** What an opened model turned out to be, as plain values that cross threads. */
export interface OpenedModel {
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
  readonly inputs: Shapes;
  readonly outputs: Shapes;
  readonly notices: readonly string[];
}

export function describeModel(model: Omit<Model, 'run' | 'dispose'>): OpenedModel {
  const { threads, simdLevel, inputs, outputs, notices } = model;
  return { threads, simdLevel, inputs: shapesOf(inputs), outputs: shapesOf(outputs), notices };
}

export function shapesOf(values: readonly ModelValue[]): Shapes {
  return Object.fromEntries(values.map(({ name, shape }) => [name, shape]));
}

/** The error of a model that failed on a batch. */
export function batchFault(
  what: ModelRole,
  why: string,
  cause: unknown,
  details: Readonly<Record<string, unknown>> = {},
): LimbeckError {
  const code = what === 'student' ? 'student-invalid' : 'teacher-failed';
  return new LimbeckError(code, `The ${what} failed on a batch: ${why}`, { details, cause });
}
