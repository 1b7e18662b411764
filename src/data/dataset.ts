import { LimbeckError } from '../core/errors.ts';
import { type DType, formatShape, type NamedArrays } from '../core/shape.ts';

/** One input of an example: its shape without the batch dimension, and the type of its numbers. Bytes are pixels, 0…255 for 0…1. */
export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Some examples of a dataset, stacked: inputs [B, ...]. */
export interface Examples {
  readonly inputs: NamedArrays;
  /** The weight of each example [B], if the dataset has any: `withExampleWeights`. */
  readonly exampleWeights?: Float32Array;
  /** The sequence of each example [B, L], with −1 behind its end, if the dataset has any: `withSequences`. */
  readonly sequences?: Int32Array;
}

/** The same with the class of each example [B]. */
export interface LabelledExamples extends Examples {
  readonly labels: Int32Array;
}

/**
 * Examples that can be read by index, any number in any order. Reading is asynchronous because it may be slow, as when an
 * image is decoded. A plain `Dataset` holds no labels, so training on it cannot see any.
 */
export interface Dataset {
  readonly size: number;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly hasLabels: boolean;
  read(indices: Int32Array, signal?: AbortSignal): Promise<Examples>;
  /**
   * Until the hold is disposed, decoded examples are kept within the dataset's budget, so that reading them again is fast.
   * Runs hold their datasets; hold one yourself to keep it decoded between runs.
   */
  holdDecoded?(): Disposable;
}

/** A dataset whose examples come with their class. */
export interface LabelledDataset extends Dataset {
  readonly hasLabels: true;
  read(indices: Int32Array, signal?: AbortSignal): Promise<LabelledExamples>;
}

/** The label of an example whose class is unknown. Losses that accept it say what they do with it. */
export const UNLABELLED = -1;

/** The name of a dataset's only input if none was given. */
export const DEFAULT_INPUT = 'input';

export function isLabelled(dataset: Dataset): dataset is LabelledDataset {
  return dataset.hasLabels;
}

/** A dataset's inputs in words, which are equal for equal inputs. */
export function describeInputs({ inputs }: Dataset): string {
  const each = Object.entries(inputs).map(([name, { shape, dtype }]) => `"${name}" ${formatShape(shape)} ${dtype}`);
  return each.sort().join(', ');
}

/** Throws    empty-dataset */
export function checkNotEmpty(dataset: Dataset, role: string): void {
  if (dataset.size > 0) return;
  throw new LimbeckError('empty-dataset', `The ${role} has no example. Give it at least one.`, { details: { role } });
}
