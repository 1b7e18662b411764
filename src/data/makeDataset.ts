import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Dataset, InputSpec } from './dataset.ts';
import { givesFresh } from './fresh.ts';

/** What a dataset is made from, except labels. */
export interface DatasetParts {
  readonly size: number;
  /** What messages call its examples, such as 'images'. */
  readonly noun: string;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Returns new arrays at each call and keeps none of them. */
  readInputs(indices: Int32Array, signal?: AbortSignal): Promise<NamedArrays>;
  readonly holdDecoded?: Dataset['holdDecoded'];
}

/**
 * A dataset of these parts, with labels if they are given.
 * Throws    shape-mismatch: not one label for each example
 */
export function makeDataset(parts: DatasetParts, labels?: ArrayLike<number>): Dataset {
  const { size, noun, inputs, readInputs, holdDecoded } = parts;
  if (labels !== undefined && labels.length !== size) {
    throw new LimbeckError('shape-mismatch', `There are ${size} ${noun} and ${labels.length} labels.`);
  }
  const read = givesFresh(async (indices: Int32Array, signal?: AbortSignal) => {
    const read = await readInputs(indices, signal);
    if (labels === undefined) return { inputs: read };
    return { inputs: read, labels: Int32Array.from(indices, (index) => labels[index] as number) };
  });
  return { size, inputs, hasLabels: labels !== undefined, read, ...(holdDecoded && { holdDecoded }) };
}
